"""No client takes the port from the others: each sends a bounded amount in a bounded time."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import product

import pytest

from api.http import middleware, protocol, server
from api.http.protocol import MAX_HEAD, PIECE
from api.ops.metrics_port import PER_ADDRESS, metrics_port
from tests.realtime.listening import until
from tests.realtime.server import serving
from tests.security.wire import BLOCK, Wire, get, request, wire

LINE = b"GET /livez HTTP/1.1\r\nHost: chairtime\r\n"
CHUNKED = (
    b"POST /api/appointments HTTP/1.1\r\nHost: chairtime\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
MUCH = 256 * BLOCK

ENDLESS_HEADS = {
    "target": (b"GET /", b"a" * BLOCK, 414),
    "query": (b"GET /livez?", b"a=b&" * (BLOCK // 4), 414),
    "absolute target": (b"GET http://chairtime/", b"a" * BLOCK, 414),
    "header name": (LINE, b"a" * BLOCK, 431),
    "header value": (LINE + b"X-Long: ", b"a" * BLOCK, 431),
    "authorization": (LINE + b"Authorization: Bearer ", b"a" * BLOCK, 431),
    "header list": (LINE, b"A: b\r\n" * (BLOCK // 6), 431),
    "list of empty headers": (LINE, b"a:\r\n" * (BLOCK // 4), 431),
    "empty lines": (b"", b"\r\n" * (BLOCK // 2), 431),
    "spaces before a value": (LINE + b"X-Long:", b" " * BLOCK, 431),
}
ENDLESS_BODIES = {
    "body": (LINE.replace(b"GET", b"POST") + b"Content-Length: 9999999999\r\n\r\n", b"a" * BLOCK),
    "chunk": (CHUNKED + b"fffffff\r\n", b"a" * BLOCK),
    "chunk size": (CHUNKED, b"0" * BLOCK),
    "chunk extension": (CHUNKED + b"5;", b"a" * BLOCK),
    "tiny chunks": (CHUNKED, b"1\r\na\r\n" * (BLOCK // 6)),
    "trailer name": (CHUNKED + b"0\r\n", b"a" * BLOCK),
    "trailer value": (CHUNKED + b"0\r\nX-Long: ", b"a" * BLOCK),
    "trailer list": (CHUNKED + b"0\r\n", b"A: b\r\n" * (BLOCK // 6)),
}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of this test, so that it need not wait for the true ones."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.3)


@pytest.fixture
def metrics() -> Iterator[int]:
    with metrics_port("127.0.0.1", 0) as port:
        yield port


@pytest.fixture(params=["api", "metrics"])
def port(request: pytest.FixtureRequest, api) -> int:
    return api.port if request.param == "api" else request.getfixturevalue("metrics")


async def test_an_endless_head_is_refused_before_it_is_large(port):
    for n, (attack, (begin, block, status)) in enumerate(ENDLESS_HEADS.items()):
        async with wire(port, f"127.0.1.{n}") as attacker:
            attacker.send(begin)
            sent = await attacker.send_until_answered(block, MUCH)
            answer = await attacker.answer()
            assert answer is not None, attack
            assert (answer.status, answer.code is not None) == (status, True), attack
            assert sent < MUCH, attack
            await attacker.rest()
        assert (await get(port, "/livez")).status == 200, attack


async def test_an_endless_body_ends_the_connection_or_is_refused(port):
    for n, (attack, (begin, block)) in enumerate(ENDLESS_BODIES.items()):
        async with wire(port, f"127.0.1.{n}") as attacker:
            attacker.send(begin)
            assert await attacker.send_until_answered(block, MUCH) < MUCH, attack
            answer = await attacker.answer()
            assert answer is None or answer.status in (200, 400, 401, 405, 413, 431), attack
        assert (await get(port, "/livez")).status == 200, attack


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /livez?%b HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: %b\r\n\r\n", 431),
    ],
)
async def test_a_head_may_have_32_kib_and_no_more(api, head, status, caplog):
    for n, (at_once, over) in enumerate(product([True, False], [0, 1])):
        filled = head % (b"a" * (MAX_HEAD - len(head) + 1024 * over))
        step = len(filled) if at_once else 1000
        async with wire(api.port, f"127.0.1.{n}") as one:
            for at in range(0, len(filled), step):
                one.send(filled[at : at + step])
                await one.writer.drain()
                await asyncio.sleep(0)
            answer = await one.answer()
            assert answer is not None, (at_once, over)
            assert answer.status == (status if over else 200), (at_once, over)
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_head_may_have_100_headers_and_no_more(api):
    def headers(count: int) -> dict[str, str]:
        return {f"X-{n}": "1" for n in range(count - 1)}  # and Host

    assert (await get(api.port, "/livez", **headers(100))).status == 200
    assert (await get(api.port, "/livez", **headers(101))).status == 431


async def test_a_head_that_does_not_end_in_time_is_answered_408_and_closed(hurried, port):
    heads = (b"G", b"GET /livez", b"GET /livez HTTP/1.1\r\n", LINE, LINE + b"X-Half: a")
    cases = product((*heads, b"\r\n\r\n"), (False, True))
    await asyncio.gather(
        *(ends_with_408(port, f"127.0.1.{n}", *case) for n, case in enumerate(cases))
    )


async def ends_with_408(port: int, address: str, begun: bytes, dripping: bool) -> None:
    async with wire(port, address) as slow:
        slow.send(begun)
        answer = asyncio.create_task(slow.answer())
        while dripping and not answer.done():
            slow.send(b"\r\n" if begun == b"\r\n\r\n" else b"")
            slow.send(b"a" if begun.startswith(LINE) or begun == b"GET /livez" else b"")
            await asyncio.wait([answer], timeout=0.05)
        found = await answer
        assert found is not None, (begun, dripping)
        assert (found.status, found.code) == (408, "request_timeout"), (begun, dripping)
        assert await slow.rest() == b""


async def test_a_connection_that_says_nothing_is_closed(hurried, port):
    async with wire(port) as silent:
        assert await silent.rest() == b""


async def test_a_second_head_has_the_same_time_as_the_first(hurried, port):
    async with wire(port) as slow:
        slow.send(LINE + b"\r\n")
        assert await answered(slow) == 200
        slow.send(LINE)
        assert await answered(slow) == 408


async def test_an_idle_connection_stays_open_after_an_answer(hurried, api):
    async with wire(api.port) as idle:
        idle.send(LINE + b"\r\n")
        assert await answered(idle) == 200
        for _ in range(2):  # each of these takes as long as a head may
            async with wire(api.port) as silent:
                await silent.rest()
        idle.send(LINE + b"\r\n")
        assert await answered(idle) == 200


UNFINISHED_BODIES = (
    b'Content-Length: 100\r\n\r\n{"dentist_id":',
    b"Content-Length: 100\r\n\r\n",
    b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"not\r\n',
    b"Transfer-Encoding: chunked\r\n\r\n5;ext",
    b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: half",
)


@pytest.mark.parametrize("name", [None, "ana"])
async def test_a_body_that_does_not_end_in_time_is_answered_408_and_closed(hurried, api, as_, name):
    who = as_("patient", name) if name else {}
    head = request("POST", "/api/appointments", Content_Type="application/json", **who)

    async def ends(address: str, body: bytes) -> None:
        async with wire(api.port, address) as slow:
            slow.send(head.removesuffix(b"\r\n") + body)
            answer = await slow.answer()
            assert answer is not None, body
            assert (answer.status, answer.code) == (408, "request_timeout"), body
            assert await slow.rest() == b""

    addressed = enumerate(UNFINISHED_BODIES)
    await asyncio.gather(*(ends(f"127.0.1.{n}", body) for n, body in addressed))


async def test_a_body_that_nobody_reads_does_not_keep_the_connection(hurried, port, monkeypatch):
    monkeypatch.setattr(protocol, "MARGIN", 0)
    async with wire(port) as slow:
        slow.send(LINE + b"Content-Length: 100\r\n\r\n")
        assert await answered(slow) in (200, None)
        assert await slow.rest() == b""


async def test_pipelined_requests_are_answered_in_order_however_many(api):
    paths = ["/livez", "/version"] * 500
    async with wire(api.port) as eager:
        eager.send(b"".join(request("GET", path) for path in paths))
        for path in paths:
            answer = await eager.answer()
            assert answer is not None
            assert (b"version" in answer.body) == (path == "/version")


async def test_requests_pipelined_behind_a_stream_are_bounded(api, as_):
    async with wire(api.port) as eager:
        eager.send(request("GET", "/api/events", **as_("admin")))
        await until(lambda: api.hub.health.streams == 1)
        one = next(iter(api.server.server_state.connections))
        for _ in range(64):
            eager.send((LINE + b"\r\n") * 1000)
        await until(lambda: one.transport.is_closing() or not one.transport.is_reading())
        assert len(one.pipeline) <= PIECE / len(LINE)


@pytest.mark.parametrize(
    "behind", [b"NONSENSE\r\n\r\n", b"GET /" + b"a" * 2 * MAX_HEAD, LINE, b"GET / HTTP/9.9\r\n\r\n"]
)
async def test_no_refusal_is_written_into_an_answer_that_is_under_way(hurried, api, as_, behind):
    async with wire(api.port) as confused:
        confused.send(request("GET", "/api/events", **as_("admin")))
        await until(lambda: api.hub.health.streams == 1)
        confused.send(behind)
        assert (await confused.rest()).count(b"HTTP/1.1") == 1
        await until(lambda: api.hub.health.streams == 0)


async def test_a_trailer_does_not_pass_for_a_header(api, as_):
    (value,) = as_("admin").values()
    async with wire(api.port) as one:
        one.send(CHUNKED + f"2\r\n{{}}\r\n0\r\nAuthorization: {value}\r\n\r\n".encode())
        assert await answered(one) == 401


@pytest.mark.parametrize("upgrade", ["websocket", "h2c"])
async def test_nothing_is_upgraded_and_nothing_is_read_after_it(api, upgrade):
    async with wire(api.port) as one:
        one.send(request("GET", "/livez", Connection="Upgrade", Upgrade=upgrade))
        answer = await one.answer()
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await one.rest() == b""


async def test_an_address_has_so_many_connections_and_others_are_not_touched(settings):
    few = settings.model_copy(update={"connections_per_address": 5})
    async with serving(few) as api, AsyncExitStack() as opened:
        held = [await opened.enter_async_context(wire(api.port)) for _ in range(5)]
        await until(lambda: len(api.server.server_state.connections) == 5)
        for _ in range(3):
            refused = await get(api.port, "/livez")
            assert (refused.status, refused.code) == (429, "rate_limited")
            assert int(refused.headers["retry-after"]) > 0
        assert (await get(api.port, "/livez", "127.0.0.2")).status == 200
        held[0].writer.close()
        await until(lambda: len(api.server.server_state.connections) == 4)
        assert (await get(api.port, "/livez")).status == 200


async def test_the_server_has_so_many_connections_in_all(settings, monkeypatch):
    monkeypatch.setattr(server, "_most_connections", lambda: 5)
    async with serving(settings) as api, AsyncExitStack() as opened:
        for n in range(5):
            await opened.enter_async_context(wire(api.port, f"127.0.1.{n}"))
        await until(lambda: len(api.server.server_state.connections) == 5)
        refused = await get(api.port, "/livez", "127.0.2.1")
        assert (refused.status, refused.code) == (503, "unavailable")


async def test_connections_to_the_metrics_port_make_no_threads_and_are_bounded(metrics):
    threads = threading.active_count()
    async with AsyncExitStack() as opened:
        for _ in range(PER_ADDRESS):
            await opened.enter_async_context(wire(metrics))
        assert (await get(metrics, "/metrics")).status == 429
        scraped = await get(metrics, "/metrics", "127.0.0.2")
        assert scraped.status == 200
        assert b"chairtime_http_requests_total" in scraped.body
        assert threading.active_count() == threads


async def answered(one: Wire) -> int | None:
    answer = await one.answer()
    return answer and answer.status
