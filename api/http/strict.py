"""A route class that rejects unknown parameters, repeated headers and unexpected bodies, so that no
input is silently ignored.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.http.errors import Problem, is_stream, validation_failed
from api.http.faults import Fault, fault

SINGLE_HEADERS = ("idempotency-key", "last-event-id", "x-hold-token")
"""Headers that may occur once: a proxy may have read the other one. If-Match may be a list."""

SURROGATE = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
"""An escaped surrogate in JSON."""


class StrictRoute(APIRoute):
    """Refuses unknown query parameters, repeated ones unless they are lists, and a body if the
    route reads none.
    """

    passes_body_on = False
    """Whether what the route returns reads the body, and checks it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        named = {"generate_unique_id_function": lambda route: route.name}
        super().__init__(*args, **options | named)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        lists = dict(_parameters(self.dependant))
        takes_body = self.body_field is not None
        streams = is_stream(self)
        hint = f"unknown parameter; {_names(lists)}"

        async def strict(request: Request) -> Response:
            # Starlette's pattern ends with `$`, which also matches before a line end
            if request.scope["path"].endswith("\n"):
                raise HTTPException(404)
            if streams and request.scope.get("head"):
                raise HTTPException(405)
            faults = list(_query_faults(request, lists, hint) if request.url.query else ())
            faults += _header_faults(request)
            if faults:
                raise validation_failed(faults)
            if self.passes_body_on or not _has_body(request):
                return await handle(request)
            request = StrictRequest(request.scope, request.receive)
            await (_read(request) if takes_body else _refuse_fields(request))
            return await handle(request)

        return strict


class StrictRequest(Request):
    """Reads JSON by RFC 8259: UTF-8, no NaN, and no duplicate names in an object."""

    async def json(self) -> Any:
        if not hasattr(self, "_read"):
            text = (await self.body()).decode("utf-8-sig")
            read = unambiguous(text)
            if SURROGATE.search(text):
                _refuse_surrogates(read)
            self._read = read
        return self._read


def unambiguous(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `validation_failed` for NaN and for duplicate names in an
    object; ValueError or RecursionError for what cannot be read.
    """
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The query parameters of a route and its dependencies: each name, and whether it is a list."""
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
            yield fault(name, "unknown_field", hint)
        elif times > 1 and not lists[name]:
            yield fault(name, "repeated", "is given more than once; send it once")


def _header_faults(request: Request) -> Iterator[Fault]:
    for name in SINGLE_HEADERS:
        if len(request.headers.getlist(name)) > 1:
            yield fault(name, "repeated", "is sent more than once; send it once")


def _names(lists: Iterable[str]) -> str:
    return f"allowed: {', '.join(lists)}" if lists else "this route takes none"


def refuse_encoded(request: Request) -> None:
    """Raises `unsupported_media_type` for a compressed body, which nothing here can read."""
    if (encoding := request.headers.get("content-encoding", "identity")) != "identity":
        sent = f"Content-Encoding {encoding} is not supported; send the body without one."
        raise Problem("unsupported_media_type", sent)


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers


async def _read(request: Request) -> None:
    """Refuses a body that is not valid JSON. FastAPI refuses other content types."""
    refuse_encoded(request)
    if "json" in request.headers.get("content-type", ""):
        await _json(request)


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except UnicodeDecodeError:
        raise _unreadable("is not UTF-8; send JSON in UTF-8") from None
    except RecursionError:
        raise _unreadable("is nested too deeply; see /docs for the fields") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"is not valid JSON at character {error.pos}") from None
    except ValueError:
        raise _unreadable("contains a number with too many digits; send a shorter one") from None


async def _refuse_fields(request: Request) -> None:
    """Raises `validation_failed` for a body, unless it is blank or an empty object."""
    if not (await request.body()).strip():
        return
    given = await _json(request)
    if not isinstance(given, dict):
        raise validation_failed(
            [fault("body", "unknown_field", "is not allowed on this route; send no body")]
        )
    if given:
        message = "unknown field; this route takes no body"
        raise validation_failed([fault(name, "unknown_field", message) for name in given])


def _unreadable(message: str) -> Problem:
    errors = [fault("body", "unreadable", message)]
    return Problem("validation_failed", f"body: {message}", status=400, errors=errors)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if twice:
        raise validation_failed(
            [fault(name, "repeated", "appears twice in the object; send it once") for name in twice]
        )
    return dict(pairs)


def _refuse_surrogates(read: object) -> None:
    """Raises `validation_failed` for an unpaired surrogate, which is not a character."""
    try:
        json.dumps(read, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        code = f"U+{ord(error.object[error.start]):04X}"
        message = f"contains an unpaired surrogate, {code}; remove it"
        raise validation_failed([fault("body", "unreadable", message)]) from None


def _no_constant(name: str) -> None:
    raise validation_failed([fault("body", "unreadable", f"has {name}, which is not valid JSON")])
