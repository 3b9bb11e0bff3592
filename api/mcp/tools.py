"""The verbs as tools of the protocol."""

from api.chatbot.schemas import ANSWER_OR_REFUSAL
from api.chatbot.tools import TOOLS as VERBS
from mcp_server.tools import ToolSpec

TITLES = {
    "find_slots": "Find free appointment times",
    "hold_slot": "Hold a time",
    "confirm_booking": "Confirm a booking",
    "cancel_booking": "Cancel a booking",
    "reschedule_booking": "Move a booking",
    "get_booking": "Look up a booking",
}

TOOLS = tuple(
    ToolSpec(
        name=verb.name,
        title=TITLES[verb.name],
        description=verb.description,
        arguments=verb.schema,
        answer=ANSWER_OR_REFUSAL,
        reads_only=verb.read_only,
        destructive=verb.destructive,
    )
    for verb in VERBS.values()
)
