"""Six mistakes that the tests must notice: `python -m tests.mutants`, or with letters for some.

Each is made in a copy of the tree, where its named tests must then fail; unchanged they must pass.
Exits 1 if a mutant survives, 2 if one cannot be tried.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

CHECKOUT = Path(__file__).resolve().parents[1]
APPOINTMENTS_SQL = "migrations/20261123080500_appointments.sql"
CLAIMS_SQL = "migrations/20261123080900_claims.sql"
CHANGES_SQL = "migrations/20261123081100_changes.sql"
EVENTS_SQL = "migrations/20261123081400_event_log.sql"


class Untried(Exception):
    """A mutant could not be tried; its text says why."""


@dataclass(frozen=True)
class Patch:
    file: str
    old: str
    """Stands in the file exactly once."""
    new: str

    def apply(self, tree: Path) -> None:
        path = tree / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise Untried(f"{self.file} has {text.count(self.old)} times:\n{self.old}")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True)
class Mutant:
    name: str
    patches: tuple[Patch, ...]
    tests: tuple[str, ...]
    """Each of them must fail."""


MUTANTS = {
    "a": Mutant(
        "no exclusion constraint",
        (
            Patch(
                APPOINTMENTS_SQL,
                "exclude using gist (int4range(resource_no, resource_no, '[]') with &&,"
                " during with &&) where (active)\n);",
                "check (true)\n);",
            ),
        ),
        (
            "tests/db/test_storms.py::"
            "test_without_the_function_the_constraint_still_refuses_a_second_claim",
            "tests/db/test_storms.py::test_two_chairs_serve_two_dentists_and_no_third",
        ),
    ),
    "b": Mutant(
        "no compare-and-set",
        (
            Patch(
                CHANGES_SQL,
                " where a.id = p_id and a.status = before.status and a.version = before.version\n"
                "        returning a.* into booking;\n        if found then\n"
                "            outcome := 'done';",
                " where a.id = p_id\n"
                "        returning a.* into booking;\n        if found then\n"
                "            outcome := 'done';",
            ),
            Patch(
                CHANGES_SQL,
                "            when p_deadline_rule = 'before' and deadline <= server_time"
                " then 'expired'\n",
                "",
            ),
        ),
        (
            "tests/acceptance/test_two_at_once.py::"
            "test_two_commands_that_find_the_same_state_are_not_both_carried_out",
            "tests/api/test_appointments.py::test_after_the_deadline_confirm_is_gone",
        ),
    ),
    "c": Mutant(
        "outbox tailed by id",
        (
            Patch(
                EVENTS_SQL,
                "create table realtime_epoch (\n",
                "create table realtime_epoch (\n    last bigint not null default 0,\n",
            ),
            Patch(
                EVENTS_SQL,
                "delete from outbox where ctid = any (array(select o.ctid from outbox o"
                " order by o.id limit p_limit)) returning *",
                "select o.* from outbox o where o.id > (select last from realtime_epoch)"
                " order by o.id limit p_limit",
            ),
            Patch(
                EVENTS_SQL,
                "    )\n    insert into realtime_events (seq,",
                "    ), tail as (\n"
                "        update realtime_epoch"
                " set last = greatest(last, (select max(id) from gone))\n"
                "    )\n    insert into realtime_events (seq,",
            ),
        ),
        ("tests/realtime/test_outbox.py::test_transactions_that_commit_out_of_order_lose_nothing",),
    ),
    "d": Mutant(
        "partial claims not undone",
        (
            Patch(
                CLAIMS_SQL,
                "values (p_id, p_dentist_no, p_occupied), (p_id, p_patient_no, p_visit);",
                "values (p_id, p_dentist_no, p_occupied), (p_id, p_patient_no, p_visit)"
                " on conflict do nothing;\n            continue when (select count(*)"
                " from slot_reservations s where s.appointment_id = p_id) < 2;",
            ),
        ),
        (
            "tests/acceptance/test_two_at_once.py::"
            "test_a_claim_that_is_lost_at_its_last_step_leaves_nothing_claimed",
        ),
    ),
    "e": Mutant(
        "dispatcher off",
        (
            Patch(
                "worker.py",
                "    await dispatcher.start()\n",
                "",
            ),
        ),
        (
            "tests/acceptance/test_workflow_disturbed.py::test_a_terminated_workflow_is_started_again",
        ),
    ),
    "f": Mutant(
        "workflow trusting its memory",
        (
            Patch(
                "workflows/booking_loop.py",
                "            batch, received = self._pending.take(BATCH), self._pending.received\n",
                "            batch, received = self._pending.take(BATCH), self._pending.received\n"
                "            if self.state and self.state.due == 'hold' and not batch:\n"
                "                return replace(self.state, status='expired', over=True)\n",
            ),
        ),
        (
            "tests/acceptance/test_workflow_disturbed.py::"
            "test_at_the_deadline_a_workflow_goes_by_the_row_and_not_by_what_it_remembers",
            "tests/workflows/test_life.py::test_an_extended_hold_outlives_its_first_deadline",
        ),
    ),
}


def main(letters: list[str]) -> int:
    chosen = [MUTANTS[letter] for letter in letters or MUTANTS]
    table = Table("mutant", "test", "result")
    try:
        with tempfile.TemporaryDirectory(prefix="chairtime-") as directory:
            tree = _copy(Path(directory))
            _pass_unchanged(tree, chosen)
            survived = sum([_try(mutant, tree, table) for mutant in chosen])
    except Untried as why:
        print(why)
        return 2
    Console(width=160).print(table)
    print(f"{len(chosen)} mutants, {survived} tests did not notice theirs")
    return 1 if survived else 0


def _pass_unchanged(tree: Path, mutants: list[Mutant]) -> None:
    tests = tuple(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    print(f"{len(tests)} tests, unchanged …", flush=True)
    for test, result in _run(tree, tests, mutated=False).items():
        if result != "passed":
            raise Untried(f"unchanged, this {result}: {test}")


def _try(mutant: Mutant, tree: Path, table: Table) -> int:
    """How many of its tests do not notice."""
    print(f"{mutant.name} …", flush=True)
    with _mutated(tree, mutant.patches):
        results = _run(tree, mutant.tests, mutated=True)
    for test, result in results.items():
        if result == "broke":
            raise Untried(f"{mutant.name}: the patch breaks {test} before it has begun")
        seen = "red" if result == "failed" else "SURVIVED"
        table.add_row(mutant.name, test.partition("::")[2], seen)
    return sum(result != "failed" for result in results.values())


@contextmanager
def _mutated(tree: Path, patches: tuple[Patch, ...]) -> Iterator[None]:
    before = {patch.file: (tree / patch.file).read_text() for patch in patches}
    for patch in patches:
        patch.apply(tree)
    try:
        yield
    finally:
        for file, text in before.items():
            (tree / file).write_text(text)


def _copy(directory: Path) -> Path:
    """What git knows or would know of the checkout, as it is now."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        source, copy = CHECKOUT / name, directory / name
        if source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    return directory


def _run(tree: Path, tests: tuple[str, ...], *, mutated: bool) -> dict[str, str]:
    """`passed`, `failed`, or `broke` (could not even begin) for each test."""
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [*pytest, *tests], cwd=tree, env=environment, capture_output=True, text=True
    )
    if not report.exists():
        raise Untried(done.stdout + done.stderr)
    found = {case.get("name"): case for case in ElementTree.parse(report).iter("testcase")}
    results = {test: _result(found.get(test.partition("::")[2])) for test in tests}
    if not mutated or "broke" in results.values():
        print(done.stdout[-10_000:])
    return results


def _result(case: ElementTree.Element | None) -> str:
    if case is None or case.find("error") is not None:
        return "broke"
    return "passed" if case.find("failure") is None else "failed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
