"""A refusal as bytes, for requests that the application never sees."""

from uuid import uuid4

from api.http import errors
from api.http.errors import Problem
from api.http.security_headers import ALWAYS, DATA


def raw_answer(problem: Problem) -> bytes:
    """The HTTP answer; the connection is to be closed after it."""
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
