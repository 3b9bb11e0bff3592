"""A newcomer sees what was skipped, and the line that would have run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import optional

CHECKOUT = Path(__file__).resolve().parents[1]
WITHOUT_PROGRAMS = """
import shutil, sys, pytest
shutil.which = lambda *_, **__: None
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("program", optional.PARTS)
def test_each_part_that_is_missing_is_listed_with_the_line_that_installs_it(program: str) -> None:
    skipped = []
    for _ in range(2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(shutil, "which", lambda *_, **__: None)
            with pytest.raises(pytest.skip.Exception) as skip:
                optional.needed(program)
        skipped.append(skip.value.msg)

    (line,) = optional.missing([*skipped, "only root has to step down"])

    assert line.startswith(f"{program}: 2 tests skipped")
    assert line.endswith(optional.PARTS[program])


def test_the_run_ends_with_what_was_skipped() -> None:
    tests = "tests/embedded/test_doctor.py::test_a_transaction_pooler_is_refused"
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PROGRAMS, tests, "-p", "no:cacheprovider"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
    )
    assert "pgbouncer: 2 tests skipped; apt-get install pgbouncer" in done.stdout
