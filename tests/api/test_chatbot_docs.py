"""What builders of bots read is true: the requests of docs/chatbots.md, the links of /llms.txt."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.chatbot.tools import TOOLS
from tests.support import BEN

PAGE = (Path(__file__).parents[2] / "docs" / "chatbots.md").read_text()

CARRIED = ("dentist_id", "starts_at", "booking_id", "hold_token", "read_back_hash")
"""Arguments that a bot takes from an earlier answer."""


def exchanges() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each request of the page with the answer that the page shows."""
    pattern = r"```http\nPOST /api/chatbot/(\w+)\n\n(.*?)```\n\n```json\n(.*?)```"
    for verb, body, answer in re.findall(pattern, PAGE, re.DOTALL):
        yield verb, json.loads(body), json.loads(answer)


def carried(answer: dict[str, Any]) -> dict[str, Any]:
    """What later requests take from this answer: from its first slot, or from the booking."""
    found = answer["slots"][0] if answer.get("slots") else answer
    return {name: found[name] for name in CARRIED if name in found}


def shape(value: Any) -> Any:
    """The names in a document, and the codes that a bot decides by."""
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    if isinstance(value, dict):
        codes = ("ok", "status", "code")
        return {
            name: each if name in codes else shape(each) for name, each in sorted(value.items())
        }
    return type(value).__name__


def shown(document: Any, like: Any) -> Any:
    """The part of a document that the page shows."""
    if isinstance(like, list):
        return [shown(document[0], like[0])]
    if isinstance(like, dict):
        return {name: shown(document[name], like[name]) for name in like}
    return document


async def test_the_conversation_of_the_page_is_what_the_api_answers(api, as_):
    known: dict[str, Any] = {"patient_id": str(BEN)}
    verbs = []
    for verb, body, expected in exchanges():
        body |= {name: value for name, value in known.items() if name in body}
        answer = await api.post(f"/api/chatbot/{verb}", json=body, headers=as_("agent"))
        document = answer.json()
        assert shape(shown(document, expected)) == shape(expected), verb
        if document["ok"]:
            known |= carried(document)
        verbs.append(verb)
    assert verbs == [
        *("find_slots", "hold_slot", "hold_slot"),
        *("confirm_booking", "cancel_booking"),
    ]


async def test_llms_txt_names_all_verbs_and_its_links_are_there(api):
    answer = await api.get("/llms.txt")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.text
    assert re.findall(r"POST /api/chatbot/(\w+)", text) == list(TOOLS)
    links = re.findall(r"\]\((.*?)\)", text)
    assert links
    for link in links:
        assert (await api.get(link)).status_code in (200, 503), link  # Temporal is away: /health
    assert len(text.splitlines()) < 50
