"""A command that the database refuses says so in one line."""

import pytest

from tests.operations.command import chairtime

NO_DATABASE = "postgresql://nobody@127.0.0.1:9/nothing"


@pytest.mark.parametrize("command", ["migrate", "restored"])
async def test_the_login_of_the_api_is_refused_in_one_line(api_dsn: str, command: str):
    code, said = await chairtime(command, dsn=api_dsn)
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith(f"chairtime {command}: permission denied")
    assert "use the login of the schema's owner" in said


async def test_a_database_that_is_away_is_said_in_one_line():
    code, said = await chairtime("migrate", dsn=NO_DATABASE)
    assert (code, said.count("\n")) == (1, 1), said
    assert "does Postgres run?" in said
