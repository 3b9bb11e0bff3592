"""A request is followed by its id through the logs of all processes."""

import re
from pathlib import Path

from tests.acceptance.clinic import Clinic
from tests.workflows.desk import until

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


async def test_a_request_id_is_found_in_the_logs_of_api_and_worker(
    clinic: Clinic, logs: list[Path]
):
    slot, patient = clinic.slot(), clinic.patient()
    reply = await clinic.reserve(slot, patient)
    request, id = reply.headers["X-Request-ID"], reply.body["id"]

    async def followed() -> bool:
        found = _lines_with(logs, request)
        return len(found["one"]) == 1 and len(found["worker"]) >= 2

    await until(followed, 20)
    found = _lines_with(logs, request)
    sent, carried_out = (line for line in found["worker"] if "hold" in line)
    assert "sent hold to the workflow" in sent
    assert "hold repeat" in carried_out
    for line in (*found["one"], *found["worker"]):
        assert f"booking_id={id}" in line
        assert f"workflow_id=booking-{id}" in line


async def test_the_request_id_of_a_problem_is_found_in_the_log(clinic: Clinic, logs: list[Path]):
    it = await clinic.held()
    refused = await clinic.reserve(it.slot, clinic.patient())
    assert refused.status == 409

    async def logged() -> bool:
        return bool(_lines_with(logs, refused.body["request_id"])["one"])

    await until(logged, 20)
    (line,) = _lines_with(logs, refused.body["request_id"])["one"]
    assert "code=slot_unavailable" in line
    assert "status=409" in line


def _lines_with(logs: list[Path], text: str) -> dict[str, list[str]]:
    """By the log's name."""
    return {log.stem: [line for line in _plain(log).splitlines() if text in line] for log in logs}


def _plain(log: Path) -> str:
    return COLOURS.sub("", log.read_text(errors="replace"))
