"""Root's Postgres keeps its data where its unprivileged user can go."""

import os
from pathlib import Path

import pytest

from embedded import paths
from embedded.process import User

SOMEBODY = User(65534, 65534)


def test_a_closed_directory_above_makes_everything_below_unreachable(directory: Path) -> None:
    closed = directory / "closed"
    below = closed / "below"
    below.mkdir(parents=True)
    closed.chmod(0o700)

    assert not paths.reachable(below, SOMEBODY)
    assert paths.reachable(below, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's home is closed to its Postgres")
def test_two_checkouts_in_roots_home_keep_their_data_apart(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "OUTSIDE_ROOTS_HOME", directory / "outside")
    home = directory / "root"
    for name in ("one", "two"):
        (home / name).mkdir(parents=True)
    home.chmod(0o700)

    one, two = paths.data(home / "one"), paths.data(home / "two")

    assert one != two
    assert paths.data(home / "one") == one
    assert paths.reachable(one, SOMEBODY)
