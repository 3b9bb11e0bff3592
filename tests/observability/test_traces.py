"""One trace from the request through the inbox to the workflow, its activity and SQL."""

import asyncpg
import httpx2
import pytest
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from db.pool import Pool
from tests.mcp.client import call
from tests.observability.lines import written
from tests.observability.spans import Spans
from tests.support import AMARA, monday
from tests.workflows.desk import Desk
from tests.workflows.test_replay import RECORDED, SANDBOX, history
from tracing.spans import Tracing
from workflows.booking import BookingWorkflow

RESERVE = "/api/availability/reserve"
PERSONAL = "Zyxwilda"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

HELD = f"""
POST {RESERVE}
  select
  StartWorkflow:BookingWorkflow
    RunWorkflow:BookingWorkflow
    StartActivity:advance
      RunActivity:advance
        select
""".strip().splitlines()
"""From the request to the SQL of the workflow."""


def body(hour: int = 9, **fields: str) -> dict[str, str]:
    slot = {"dentist_id": str(AMARA), "starts_at": monday(hour).isoformat()}
    return slot | {"appointment_type": "checkup"} | fields


async def reserve(api: httpx2.AsyncClient, headers: dict[str, str], **fields: str) -> str:
    answer = await api.post(RESERVE, json=body(**fields), headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_a_hold_is_one_trace_and_its_confirmation_another_that_the_workflow_links_to(
    traced_api, traced_worker: Desk, as_, spans: Spans
):
    patient = as_("patient", "ana")
    with written() as lines:
        id = await reserve(traced_api, patient)
        await spans.until("RunActivity:advance")
        await traced_api.post(f"/api/appointments/{id}/confirm", headers=patient)
        await spans.until("RunActivity:advance", 2)

    (hold,), (confirm,) = (
        spans.named(f"POST {route}") for route in (RESERVE, "/api/appointments/{id}/confirm")
    )
    assert spans.tree(hold) == [
        *HELD,
        "    HandleSignal:confirm",
        "    StartActivity:advance",
        "      RunActivity:advance",
        "        select",
    ]
    assert spans.tree(confirm) == [
        "POST /api/appointments/{id}/confirm",
        "  select",
        "  SignalWithStartWorkflow:BookingWorkflow",
    ]
    (link,) = spans.named("HandleSignal:confirm")[0].links
    (signal,) = spans.named("SignalWithStartWorkflow:BookingWorkflow")
    assert link.context.span_id == signal.context.span_id

    of_hold = lines.of(trace_id=f"{hold.context.trace_id:032x}")
    told = [line["event"] for line in of_hold if line.get("booking_id") == id]
    assert told[:3] == [f"POST {RESERVE} 201", "sent hold to the workflow", "hold repeat"]


async def test_the_expiry_of_a_hold_is_in_the_trace_of_its_request(
    traced_api, traced_worker: Desk, as_, spans: Spans
):
    await traced_worker.holds_last(1)
    id = await reserve(traced_api, as_("patient", "ana"))
    await spans.until("CompleteWorkflow:BookingWorkflow")
    (hold,) = spans.named(f"POST {RESERVE}")
    tree = spans.tree(hold)
    assert tree[: len(HELD)] == HELD
    assert tree[-1] == "    CompleteWorkflow:BookingWorkflow"
    assert await traced_worker.verbs(id) == ["hold", "expire"]
    written = [span for span in spans.trace(hold) if "booking_change" in str(span.attributes)]
    assert written


async def test_each_change_by_the_api_leaves_its_trace_for_the_worker(traced_api, as_, pool: Pool):
    headers = as_("patient", "ana")

    async def trace_of_message(id: str) -> str:
        asked = "select traceparent from workflow_inbox where appointment_id = $1"
        return (await pool.fetchval(asked, id)).split("-")[1]

    id = await reserve(traced_api, headers | {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert await trace_of_message(id) == TRACE
    changes = [
        ("POST", f"{RESERVE}/{id}/extend", {}),
        ("POST", f"/api/appointments/{id}/confirm", {}),
        ("PUT", f"/api/appointments/{id}", {"starts_at": monday(11).isoformat()}),
        ("PUT", f"/api/appointments/{id}", {"notes": "late"}),
        ("POST", f"/api/appointments/{id}/cancel", {}),
    ]
    for number, (method, path, change) in enumerate(changes):
        mine = headers | {"traceparent": f"00-{number + 1:032x}-00f067aa0ba902b7-01"}
        answer = await traced_api.request(method, path, headers=mine, json=change)
        assert answer.status_code == 200, answer.text
        assert await trace_of_message(id) == f"{number + 1:032x}"
    booked = await traced_api.post(
        "/api/appointments",
        json=body(14),
        headers=headers | {"traceparent": f"00-{'a' * 32}-00f067aa0ba902b7-01"},
    )
    assert await trace_of_message(booked.json()["id"]) == "a" * 32


async def test_no_span_has_personal_data_or_secrets(
    traced_api, traced_worker: Desk, as_, spans: Spans, traces: Tracing, pool: Pool
):
    """Planted wherever a caller, the Web UI, or an error of the database can put it."""
    patient, admin = as_("patient", "ana"), as_("admin")
    planted = {
        "Idempotency-Key": PERSONAL,
        "User-Agent": PERSONAL,
        "X-Forwarded-For": PERSONAL,
        "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
        "tracestate": f"name={PERSONAL}",
        "baggage": f"name={PERSONAL}",
    }
    id = await reserve(traced_api, patient | planted, notes=PERSONAL)
    person = {"role": "patient", "full_name": PERSONAL, "phone": "+49 30 7654321"}
    person["email"] = f"{PERSONAL}@example.org"
    made = await traced_api.post("/api/profiles", json=person, headers=admin)
    assert made.status_code == 201
    await traced_api.get(f"/api/profiles?q={PERSONAL}", headers=admin | planted)
    await traced_api.get(f"/api/appointments/{PERSONAL}?token={PERSONAL}", headers=planted)
    await traced_api.get(f"/api/{PERSONAL}")
    with (
        traces.tracer.start_as_current_span("fails"),
        pytest.raises(asyncpg.DataError, match=PERSONAL),
    ):
        await pool.fetchval("select $1::text::int", PERSONAL)
    await spans.until("RunActivity:advance")
    await traced_worker.handle(id).signal(PERSONAL)
    await spans.until("HandleSignal:other")

    assert f"0x{TRACE}" in spans.text
    assert spans.text.count("exception.type") == 1
    for text in (PERSONAL, "7654321", patient["Authorization"].split(".")[-1]):
        assert text not in spans.text


async def test_health_checks_background_queries_and_other_paths_have_no_spans(
    traced_api, traced_worker: Desk, spans: Spans, pool: Pool
):
    await pool.fetchval("select 1")
    for path in ("/livez", "/readyz", "/health", "/version", "/favicon.ico", "/nowhere"):
        await traced_api.get(path)
    assert spans.all == ()


async def test_queries_of_a_stream_after_its_answer_began_have_no_spans(
    spans: Spans, traces: Tracing, pool: Pool
):
    with traces.tracer.start_as_current_span("request", end_on_exit=False) as span:
        await pool.fetchval("select 1")
        span.end()
        await pool.fetchval("select 2")
    assert spans.tree(span) == ["request", "  select"]
    assert "select 2" not in spans.text


async def test_a_tool_call_is_traced_like_a_request(traced_api, as_, spans: Spans):
    arguments = {"appointment_type": "checkup", "conversation_id": "c-1"}
    headers = as_("agent", "chatbot", Accept="application/json, text/event-stream")
    answer = await traced_api.post("/mcp", json=call("find_slots", arguments), headers=headers)
    assert answer.status_code == 200, answer.text
    (root,) = spans.named("POST /mcp")
    assert spans.tree(root) == ["POST /mcp", "  select"]
    assert "slug" in spans.text  # the SQL of the tool, not only that of the token


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_what_was_recorded_without_traces_replays_with_them(file, traces: Tracing):
    replayer = Replayer(
        workflows=[BookingWorkflow],
        workflow_runner=UnsandboxedWorkflowRunner(),
        interceptors=[traces.interceptor],
    )
    await replayer.replay_workflow(history(file))


async def test_what_was_recorded_with_traces_replays_without_them(
    traced_api, traced_worker: Desk, as_, spans: Spans
):
    await traced_worker.holds_last(1)
    id = await reserve(traced_api, as_("patient", "ana"))
    await spans.until("CompleteWorkflow:BookingWorkflow")
    recorded = await traced_worker.handle(id).fetch_history()
    assert "_tracer-data" in recorded.to_json()
    replayer = Replayer(workflows=[BookingWorkflow], workflow_runner=SANDBOX)
    await replayer.replay_workflow(recorded)
