"""Whoever starts beside us gets other ports."""

import socket

from embedded import ports


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert ports.claim(taken) > taken


def test_a_claimed_port_is_passed_over_before_anybody_listens() -> None:
    preferred = ports.any_free()
    assert ports.claim(preferred) == preferred
    assert ports.claim(preferred) > preferred


def test_whoever_asks_for_ports_that_are_free_is_given_none_twice() -> None:
    given = [ports.any_free() for _ in range(1_000)]
    assert len(set(given)) == len(given)
