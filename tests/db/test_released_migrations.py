"""Databases have applied the migrations of a release: they are never edited again."""

import hashlib
from pathlib import Path

from db.migrate import DIRECTORY, read

RELEASED = dict(
    reversed(line.split()) for line in (DIRECTORY / "released.sha256").read_text().splitlines()
)
"""SHA-256 of each file of a release."""


def test_released_migrations_are_not_edited():
    now = {file.name: _hash(file) for file in DIRECTORY.glob("*.sql")}
    edited = [name for name, hash in RELEASED.items() if now.get(name) != hash]
    assert edited == [], (
        "put the change into a new migration: `chairtime migrate` refuses edited ones"
    )


def test_new_migrations_come_after_the_released_ones():
    """Else a new database would get them in another order than one that is upgraded."""
    last = max(RELEASED)[:14]
    new = [m.version for m in read() if not any(name.startswith(m.version) for name in RELEASED)]
    assert all(version > last for version in new)


def test_no_two_migrations_have_the_same_version():
    versions = [migration.version for migration in read()]
    assert versions == sorted(set(versions))


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
