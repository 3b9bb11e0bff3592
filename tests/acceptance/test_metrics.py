"""What rules and dashboards name is exported by a running API or worker."""

import re
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.clinic import Clinic
from tests.acceptance.premises import Part
from tests.observability.queries import FILES, expressions, labels_of, metrics_of
from tests.workflows.desk import until
from workflows import TASK_QUEUE

DOCUMENT = FILES.parents[1] / "docs" / "observability.md"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")

Samples = dict[str, set[str]]
"""The labels of each exported metric."""


async def test_each_metric_of_a_rule_or_panel_is_exported_with_its_labels(clinic: Clinic):
    await _bookings_of_all_kinds(clinic)
    await _task_that_fails(clinic)
    queries = list(expressions())
    missing: list[str] = []

    async def all_exported() -> bool:
        found = await _exported(clinic)
        named = {metric for _, query in queries for metric in metrics_of(query)}
        labels = {(metric, label) for _, query in queries for metric, label, _ in labels_of(query)}
        missing[:] = sorted(named - set(found))
        missing.extend(
            f"{metric}{{{label}}}"
            for metric, label in labels
            if metric in found and label not in found[metric] | {"job"}
        )
        return not missing

    try:
        await until(all_exported, 20)
    except TimeoutError:
        assert missing == []
        raise


async def test_api_and_worker_export_the_metrics_of_their_temporal_client(clinic: Clinic):
    await clinic.http.get(f"{clinic.premises.one.url}/health")

    async def exported() -> bool:
        return all("temporal_request_total{" in text for text in await _scraped(clinic))

    await until(exported, 20)


async def test_each_own_metric_is_documented_and_each_documented_one_is_exported(clinic: Clinic):
    families = [
        family.name
        for text in await _scraped(clinic)
        for family in text_string_to_metric_families(text)
        if family.name.startswith("chairtime_") and not family.name.endswith("_created")
    ]
    named = re.findall(r"`(chairtime_\w+)`", DOCUMENT.read_text())
    assert {name.removesuffix("_total") for name in named} == set(families)


async def test_no_metric_has_an_id_as_a_label(clinic: Clinic):
    await _bookings_of_all_kinds(clinic)
    for text in await _scraped(clinic):
        assert not UUID.search(text)


async def _bookings_of_all_kinds(clinic: Clinic) -> None:
    """A booking, a conflict, and a hold that expires by its workflow."""
    it = await clinic.live(["hold", "confirm"])
    assert (await clinic.reserve(it.slot, clinic.patient())).status == 409
    expired = await clinic.held(0.2)
    await clinic.lived({expired.id: ["hold", "expire"]})
    await clinic.looked([it])
    await clinic.pool.execute(  # Temporal refuses to start this workflow again
        """
        insert into workflow_inbox (appointment_id, verb, actor, version, is_new)
        values ($1, 'look', 'system', 2, true) on conflict do nothing
        """,
        it.id,
    )


async def _task_that_fails(clinic: Clinic) -> None:
    """A workflow that no worker knows: its tasks fail until it is terminated."""
    name = f"unknown-{clinic.key()}"
    handle = await clinic.temporal.start_workflow("Unknown", id=name, task_queue=TASK_QUEUE)

    async def failed() -> bool:
        found = _names(await _scraped(clinic))
        return "temporal_workflow_task_execution_failed_total" in found

    try:
        await until(failed, 20)
    finally:
        await handle.terminate()


async def _exported(clinic: Clinic) -> Samples:
    return _names(await _scraped(clinic))


def _names(texts: Iterable[str]) -> Samples:
    found: Samples = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def _scraped(clinic: Clinic) -> list[str]:
    parts: list[tuple[Part, int]] = [
        (clinic.premises.one, clinic.premises.one.metrics_port),
        (clinic.premises.worker, clinic.premises.worker.port),
    ]
    answers = [await clinic.http.get(f"http://127.0.0.1:{port}/metrics") for _, port in parts]
    return [answer.text for answer in answers]
