"""Requests to an application without a server, where a stream must be followed as it comes."""

from typing import Any

import httpx2


def scope(request: httpx2.Request) -> dict[str, Any]:
    """What a server would say of it."""
    return {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("chairtime", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
