"""Against a server that sends back what it gets."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from embedded.ports import HOST
from tests.faults.link import Link


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(100):
            writer.write(data)
    except OSError:
        pass
    writer.close()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    server = await asyncio.start_server(_echo, HOST, 0)
    async with Link(server.sockets[0].getsockname()[1]) as link:
        yield link
    server.close()


async def _said(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(10):
        return await reader.read(100)


async def _passed(link: Link) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A new connection, through which data has passed and come back."""
    reader, writer = await asyncio.open_connection(HOST, link.port)
    writer.write(b"a")
    assert await _said(reader) == b"a"
    return reader, writer


async def test_data_passes(link: Link):
    _, writer = await _passed(link)
    writer.close()


async def test_cut_resets_connections_and_lets_new_ones_pass(link: Link):
    reader, writer = await _passed(link)
    assert link.cut() == 1
    with pytest.raises(ConnectionResetError):
        await _said(reader)
    _, writer = await _passed(link)
    writer.close()


async def test_black_hole_holds_data_back_until_it_is_healed(link: Link):
    reader, writer = await _passed(link)
    link.black_hole()
    writer.write(b"b")
    answer = asyncio.create_task(_said(reader))
    late_reader, late_writer = await asyncio.open_connection(HOST, link.port)
    late_writer.write(b"c")
    late = asyncio.create_task(_said(late_reader))
    done, _ = await asyncio.wait([answer, late], timeout=0.2)
    assert not done
    link.heal()
    assert (await answer, await late) == (b"b", b"c")
    writer.close()
    late_writer.close()


async def test_connection_is_closed_while_the_server_is_down():
    async with Link(1) as link:
        reader, writer = await asyncio.open_connection(HOST, link.port)
        assert await _said(reader) == b""
        writer.close()
