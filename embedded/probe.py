"""HTTP GET requests to a part, on the loopback interface."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from embedded.ports import HOST


@dataclass(frozen=True)
class Answer:
    headers: http.client.HTTPMessage
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


def get(port: int, path: str, token: str | None = None, seconds: float = 1.0) -> Answer | None:
    """The answer to GET `path`; None unless it is a 200 within `seconds`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        ok = answer.status == http.HTTPStatus.OK
        return Answer(answer.headers, answer.read()) if ok else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
