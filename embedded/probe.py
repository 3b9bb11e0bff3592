"""Asking a part over HTTP, on the loopback interface."""

import http.client
import json
from typing import Any

from embedded.ports import HOST


def answers(port: int, path: str) -> bool:
    """Whether GET `path` is answered with 200 within a second."""
    return _get(port, path, {}, 1.0) is not None


def json_of(port: int, path: str, token: str) -> Any:
    """The JSON that GET `path` is answered with; None where that is no 200 within five seconds."""
    content = _get(port, path, {"Authorization": f"Bearer {token}"}, 5.0)
    return None if content is None else json.loads(content)


def _get(port: int, path: str, headers: dict[str, str], timeout: float) -> bytes | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.read() if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
