"""A route that refuses what it does not know: parameters, headers given twice, and bodies that
nobody reads. Nothing that a caller sends is dropped in silence.
"""

import json
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.errors import Problem, refused

SINGLE_HEADERS = ("idempotency-key", "last-event-id", "x-hold-token")
"""Of two such headers a proxy may have read the other one. (If-Match may be a list.)"""

Fault = dict[str, str]


class StrictRoute(APIRoute):
    """Unknown and repeated query parameters are 422, as is a body where none is read. A parameter
    that is a list can be repeated.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        lists = dict(_parameters(self.dependant))
        takes_body = self.body_field is not None
        is_stream = getattr(self.response_class, "media_type", None) == "text/event-stream"
        hint = f"is not a parameter here; {_names(lists)}"

        async def strict(request: Request) -> Response:
            if is_stream and request.scope.get("head"):
                raise HTTPException(405)
            faults = list(_query_faults(request, lists, hint) if request.url.query else ())
            faults += _header_faults(request)
            if faults:
                raise refused(faults)
            if not _has_body(request):
                return await handle(request)
            request = StrictRequest(request.scope, request.receive)
            await (_read(request) if takes_body else _refuse_fields(request))
            return await handle(request)

        return strict


class StrictRequest(Request):
    """Reads JSON as RFC 8259 has it: no NaN, and no name twice in an object."""

    async def json(self) -> Any:
        if not hasattr(self, "_read"):
            text = await self.body()
            self._read = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        return self._read


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The query parameters of a route and of what it depends on: each name, and if it is a list."""
    for field in dependant.query_params:
        yield field.alias, _is_list(field.field_info.annotation)
    for other in dependant.dependencies:
        yield from _parameters(other)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(
        get_origin(each) is list for each in get_args(annotation)
    )


def _query_faults(request: Request, lists: dict[str, bool], hint: str) -> Iterator[Fault]:
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in lists:
            yield {"field": name, "message": hint}
        elif times > 1 and not lists[name]:
            yield {"field": name, "message": "is given more than once; send it once"}


def _header_faults(request: Request) -> Iterator[Fault]:
    for name in SINGLE_HEADERS:
        if len(request.headers.getlist(name)) > 1:
            yield {"field": name, "message": "is sent more than once; send it once"}


def _names(lists: Iterable[str]) -> str:
    return f"there are {', '.join(lists)}" if lists else "there are none"


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


async def _read(request: Request) -> None:
    """Refuses what only StrictRequest refuses. What is no JSON at all the framework refuses, which
    asks for the Content-Type first.
    """
    with suppress(ValueError, RecursionError):
        await request.json()


async def _refuse_fields(request: Request) -> None:
    """Raises `validation_failed` for a body of a route that reads none, unless it says nothing."""
    if not (await request.body()).strip():
        return
    try:
        given = await request.json()
    except (ValueError, RecursionError) as error:
        raise Problem(
            "validation_failed",
            "body: is not JSON; this route needs no body",
            status=400,
            errors=[{"field": "body", "message": f"is not JSON: {error}"}],
        ) from None
    if not isinstance(given, dict):
        raise refused([{"field": "body", "message": "is not read here; send none"}])
    if given:
        message = "is no field here: this route takes no body"
        raise refused([{"field": name, "message": message} for name in given])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if twice:
        raise refused([{"field": name, "message": "is in the object twice"} for name in twice])
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise refused([{"field": "body", "message": f"has {name}, which is not JSON"}])
