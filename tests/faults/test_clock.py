import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.clock import clock

HOUR = 3600.0


def _now(prefix: tuple[str, ...]) -> float:
    return float(subprocess.check_output([*prefix, "date", "+%s"]))


@pytest.mark.optional("faketime")
async def test_clock_is_off_for_the_process_while_it_should_be(tmp_path: Path):
    clock_of_worker = clock(tmp_path, "worker-1")
    assert clock_of_worker.missing is None
    assert abs(_now(clock_of_worker.prefix) - time.time()) < HOUR / 2
    async with clock_of_worker.off(-HOUR):
        assert abs(_now(clock_of_worker.prefix) + HOUR - time.time()) < HOUR / 2
    assert abs(_now(clock_of_worker.prefix) - time.time()) < HOUR / 2


def test_missing_library_is_named(tmp_path: Path):
    without = clock(tmp_path, "worker-1", libraries=())
    assert without.prefix == ()
    assert without.missing
    assert "apt-get install faketime" in without.missing
