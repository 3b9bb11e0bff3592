"""Refusals of connections and heads, as bytes: the application never sees these requests."""

from uuid import uuid4

from api.http import errors
from api.http.errors import Problem
from api.http.security_headers import ALWAYS, DATA

MAX_HEAD = 32 * 1024
"""Bytes of a request line with its headers; also of chunk sizes and trailers of a body."""

MAX_HEADERS = 100

RETRY = {"Retry-After": "10"}


def server_full() -> Problem:
    detail = "The server's connection limit is reached; retry after Retry-After."
    return Problem("unavailable", detail, headers=RETRY)


def address_full(most: int) -> Problem:
    detail = f"Your address already has {most} connections open; close or reuse one."
    return Problem("rate_limited", detail, headers=RETRY)


def head_too_large(url: bytes) -> Problem:
    """`url`: what was read of it; empty for a body."""
    if 2 * len(url) > MAX_HEAD:
        detail = f"The request line is longer than {MAX_HEAD} bytes; shorten it."
        return Problem("uri_too_long", detail)
    limits = f"{MAX_HEADERS} headers or {MAX_HEAD} bytes of headers"
    return Problem("headers_too_large", f"The request has more than {limits}; send fewer.")


def head_too_slow(seconds: float) -> Problem:
    detail = f"The headers took longer than {seconds:.0f} seconds to arrive; retry."
    return Problem("request_timeout", detail)


def encode(problem: Problem) -> bytes:
    """The HTTP answer; the connection must be closed after it."""
    request_id = str(uuid4())
    body = errors.body(problem, "", request_id)
    headers = {
        "Content-Type": errors.MEDIA_TYPE,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-ID": request_id,
        **(problem.headers or {}),
    }
    lines = [f"HTTP/1.1 {problem.status} {problem.body['title']}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in ALWAYS + DATA]
    return "\r\n".join([*lines, "", ""]).encode() + body
