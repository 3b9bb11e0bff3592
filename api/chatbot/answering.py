"""`answer`: one verb of a conversation, from its raw arguments to one JSON document."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from api.chatbot import advice, documents, texts
from api.chatbot.conversation import Conversation, opened
from api.chatbot.documents import Document
from api.chatbot.models import Arguments
from api.chatbot.spoken import LANGUAGES
from api.chatbot.tools import TOOLS
from api.chatbot.verbs import VERBS
from api.http import errors
from api.http.errors import Problem, not_found
from api.state import AppState
from db import appointments
from db.pool import Unavailable, use
from domain.actors import Actor, scope
from domain.clinic import BoardSlot
from domain.rights import Right, right


@dataclass(frozen=True, slots=True)
class Answer:
    """`document` is ready for JSON. `ok` in it says whether the verb succeeded; `status` and
    `headers` are those of the REST door.
    """

    document: Document
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


async def answer(state: AppState, verb: str, caller: Actor, raw: object) -> Answer:
    """Validates the arguments and runs the verb as this caller. `raw`: the decoded JSON. Every
    refusal is an answer; only bugs raise.
    """
    conversation = Conversation(state, caller, _language(raw))
    try:
        if verb not in VERBS:
            raise not_found()
        if right(verb, caller.role) is Right.NONE:
            raise Problem("forbidden", f"Not allowed for the role {caller.role}.")
        arguments = _validated(TOOLS[verb].arguments, raw)
        conversation = await opened(state, caller, arguments)
        document = await VERBS[verb](conversation, arguments)
    except Problem as problem:
        return await _refused(conversation, verb, problem, raw)
    except Unavailable:
        return await _refused(conversation, verb, errors.database_unavailable(), raw)
    return Answer(to_jsonable_python({"ok": True} | document))


def _validated(model: type[Arguments], raw: object) -> Arguments:
    """Raises `validation_failed`."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        found = [each | {"loc": ("body", *each["loc"])} for each in error.errors()]
        raise errors.validation(found) from None


def _language(raw: object) -> Any:
    """The language to refuse in, before the arguments are known to be valid."""
    asked = raw.get("language") if isinstance(raw, dict) else None
    return asked if asked in LANGUAGES else "en"


async def _refused(conversation: Conversation, verb: str, problem: Problem, raw: object) -> Answer:
    """The problem of REST, with a sentence to say, what to do next, and the alternatives as
    slots.
    """
    body = advice.in_a_conversation(problem.body)
    alternatives = await _alternatives(conversation, body.pop("alternatives", None) or [], raw)
    offers = [each["say"] for each in alternatives]
    names = [each["dentist"] for each in body.get("candidates", ())]
    language, kind = conversation.language, advice.kind_of(body)
    facts = {"candidates": texts.either(language, names)} if names else {}
    document = {
        "ok": False,
        **body,
        "say": texts.refusal(language, kind, offers, **facts),
        "alternatives": alternatives,
        "next_step": advice.next_step(kind, verb, alternatives=bool(alternatives)),
    }
    return Answer(to_jsonable_python(document), problem.status, problem.headers or {})


async def _alternatives(
    conversation: Conversation, found: list[BoardSlot], raw: object
) -> list[Document]:
    """The times as `find_slots` shows them."""
    if not found:
        return []
    dentists = await documents.dentist_names(conversation.state)
    asked = await _type_asked_for(conversation, raw if isinstance(raw, dict) else {})
    return documents.alternatives(conversation, found, asked, dentists)


async def _type_asked_for(conversation: Conversation, raw: dict[str, Any]) -> str:
    """The type of the arguments, else that of their booking, which the caller may see."""
    if named := raw.get("appointment_type"):
        return str(named).lower()
    try:
        async with use(conversation.state.pool) as connection:
            booking_id = UUID(str(raw.get("booking_id")))
            found = await appointments.get(connection, booking_id, scope(conversation.caller))
    except (ValueError, Unavailable):
        return ""
    return found.appointment_type if found else ""
