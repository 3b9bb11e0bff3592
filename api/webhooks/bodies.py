"""Bodies of webhook routes."""

from typing import Annotated, Any

from pydantic import Field, StrictBool, StringConstraints

from api.http.body import Body, Edit
from api.http.texts import Remark
from api.http.values import Number
from domain.events import MAX_TOPICS, Kind
from domain.webhooks import LONGEST_OVERLAP, LONGEST_URL, Webhook

MOST_HOURS = int(LONGEST_OVERLAP.total_seconds()) // 3600

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_URL),
    Field(json_schema_extra={"format": "uri"}),
]
TopicNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=80)]],
    Field(min_length=1, max_length=MAX_TOPICS),
]
Kinds = Annotated[list[Kind], Field(min_length=1, max_length=MAX_TOPICS)]


class NewWebhook(Body):
    """An endpoint. `topics` are those of the event streams."""

    CAN_BE_EMPTY = frozenset({"kinds", "description"})

    url: Url
    topics: TopicNames
    kinds: Kinds | None = None
    """Which kinds of events to send; null for all kinds of the topics."""
    description: Remark = None
    active: StrictBool = True


class EditWebhook(Edit):
    """`active: true` switches an endpoint on again, which then gets the events it missed."""

    SHAPE = Webhook
    VOLATILE = frozenset({"failing_since", "previous_secret_until", "disabled_at"})
    CAN_BE_EMPTY = frozenset({"kinds", "description"})

    url: Url | None = None
    topics: TopicNames | None = None
    kinds: Kinds | None = None
    description: Remark = None
    active: StrictBool | None = None


class Rotation(Body):
    """How long the present secret still signs beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=MOST_HOURS), Number] = 24


def stored(fields: dict[str, Any], topics: list[str] | None) -> dict[str, Any]:
    """The fields as they are stored, with the normalised topics if they are among them."""
    kinds = fields.get("kinds")
    return (
        fields
        | ({"topics": topics} if topics is not None else {})
        | ({"kinds": sorted({str(kind) for kind in kinds})} if kinds else {})
    )
