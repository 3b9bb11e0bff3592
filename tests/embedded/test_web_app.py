"""The web app is built when its sources have changed, and travels in the wheel."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from embedded import node, web_app

CHECKOUT = web_app.CHECKOUT


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a source of the web app, and a `build` that counts itself in `built`."""
    (tmp_path / "web/src").mkdir(parents=True)
    (tmp_path / "web/package.json").write_text("{}")
    (tmp_path / "web/src/main.tsx").write_text("1")
    (tmp_path / ".venv").mkdir()
    for name in ("package-lock.json", "tsconfig.base.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / "clients/typescript/src").mkdir(parents=True)
    (tmp_path / "clients/typescript/package.json").write_text("{}")
    dist = tmp_path / "dist"
    dist.mkdir()
    monkeypatch.setattr(web_app, "CHECKOUT", tmp_path)
    monkeypatch.setattr(web_app, "DIST", dist)
    monkeypatch.setattr(web_app, "STAMP", dist / ".sources")
    monkeypatch.setattr(node, "install", lambda variables, say: None)
    built = tmp_path / "built"
    built.touch()
    monkeypatch.setattr(
        node, "npm", lambda arguments, variables: built.write_text(built.read_text() + "x")
    )
    monkeypatch.setattr(node, "obtain", lambda say: tmp_path)
    return tmp_path


def test_it_is_built_once_and_again_only_after_a_change(checkout):
    built, source = checkout / "built", checkout / "web/src/main.tsx"
    for text, times in (("1", 1), ("1", 1), ("2", 2), ("2", 2)):
        source.write_text(text)
        web_app.build(print)
        assert len(built.read_text()) == times
        assert web_app.is_built()
    (checkout / "web/src/new.tsx").write_text("")
    assert not web_app.is_built()


def test_what_npm_installs_is_no_source(checkout):
    web_app.build(print)
    (checkout / "web/node_modules").mkdir()
    (checkout / "web/node_modules/other.js").write_text("")
    assert web_app.is_built()


def test_where_node_cannot_be_had_it_says_so_and_fails(checkout, monkeypatch, capsys):
    def nowhere(say):
        raise node.Unobtainable("no Node.js: install it")

    monkeypatch.setattr(node, "obtain", nowhere)
    assert web_app.main([]) == 1
    assert "no Node.js" in capsys.readouterr().err
    assert not web_app.is_built()


def test_the_wheel_has_the_built_app(tmp_path):
    """Git ignores the build, so that hatchling leaves it out unless told otherwise."""
    for name in ("pyproject.toml", "README.md", ".gitignore"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    dist = tmp_path / "api/web/dist"
    (dist / "assets").mkdir(parents=True)
    (tmp_path / "api/app.py").touch()
    for file in ("index.html", "assets/index-abc.js"):
        (dist / file).touch()
    wheel = next(WheelBuilder(str(tmp_path)).build(directory=str(tmp_path / "out")))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"api/app.py", "api/web/dist/index.html", "api/web/dist/assets/index-abc.js"} <= names
