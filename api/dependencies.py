"""What routes ask for by type: the caller, the parts of this process, the request's key and
version.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request
from pydantic import BeforeValidator, StringConstraints, WithJsonSchema
from uuid_utils.compat import uuid7

from api import security
from api.errors import Problem
from api.parts import Parts
from domain.actors import Actor
from domain.booking import Verb
from domain.people import disagreement
from domain.rights import Right, right

TAG = r'(W/)?"[!#-~]*"'
ETAGS = rf"^(\*|[0-9]{{1,9}}|{TAG}( *, *{TAG})*)$"
STRONG = re.compile(r'(W/)?"([^"]*)"')

NO_VERSION = 0
"""The version that nothing has."""


async def parts(request: Request) -> Parts:
    """Async, as all dependencies here: a plain function would be sent to a thread. They do not
    depend on one another where they can call: the framework takes 20 µs for each.
    """
    found: Parts = request.app.state.parts
    return found


Own = Annotated[Parts, Depends(parts)]


async def caller(request: Request) -> Actor:
    """Whom the token speaks for, if welcome here. Raises `unauthenticated`, or `forbidden`."""
    actor = await security.caller(request)
    await welcome(request, actor)
    return actor


async def welcome(request: Request, actor: Actor) -> None:
    """Raises `forbidden` where their row disagrees, or their role has no right to this route. A
    patient who was never here has a profile after this.
    """
    own = await parts(request)
    why = disagreement(actor, await own.people.standing(actor))
    if why is not None:
        raise Problem("forbidden", why)
    if right(request.scope["route"].name, actor.role) is Right.NONE:
        raise Problem("forbidden", f"This is not for the role {actor.role}.")


def _versions(given: list[str]) -> frozenset[int] | None:
    """The versions that `If-Match` names (RFC 9110, 13.1.1): of its strong tags those that are
    ours, `"7"` or a bare 7; null for `*`. A weak tag matches nothing.
    """
    text = ", ".join(given).strip()
    if not re.fullmatch(ETAGS, text):
        raise ValueError('must be an ETag such as "7", a list of them, or *')
    if text == "*":
        return None
    if text.isdigit():
        return frozenset({int(text)})
    strong = [tag for weak, tag in STRONG.findall(text) if not weak]
    return frozenset(int(tag) for tag in strong if re.fullmatch("[1-9][0-9]{0,8}", tag))


def expected(named: frozenset[int] | None, present: int) -> int | None:
    """The version that a change may be made to, where `present` is the version now: null for any,
    NO_VERSION where `named` does not have it.
    """
    if named is None:
        return None
    return present if present in named else NO_VERSION


Caller = Annotated[Actor, Depends(caller)]
IfMatch = Annotated[
    Annotated[
        frozenset[int] | None,
        BeforeValidator(_versions),
        WithJsonSchema({"type": "string", "pattern": ETAGS}),
    ],
    Header(alias="If-Match", description="The versions that you know; another is refused."),
]
Key = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255)] | None,
    Header(alias="Idempotency-Key", description="Repeat a request safely: same key, same effect."),
]
HoldToken = Annotated[
    Annotated[str, StringConstraints(max_length=64)] | None,
    Header(alias="X-Hold-Token", description="An agent's `hold_token` of this booking."),
]


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks for a change, and under which conditions."""

    actor: Actor
    key: str | None
    versions: frozenset[int] | None
    """Those that the change may be made to; null for any."""
    token: str | None


async def call(
    actor: Caller, versions: IfMatch = None, key: Key = None, token: HoldToken = None
) -> Call:
    return Call(actor, key, versions, token)


Ask = Annotated[Call, Depends(call)]


def actor_id(actor: Actor) -> UUID:
    """The id of an actor that came with a token."""
    if actor.id is None:
        raise ValueError(f"{actor} has no id")
    return actor.id


def command_id(actor: Actor, key: str | None, verb: Verb) -> UUID:
    """The same for the same caller, key and verb; new without a key."""
    return uuid5(actor_id(actor), f"{verb}\n{key}") if key else uuid7()


def new_id(actor: Actor, key: str | None, what: str) -> UUID:
    """An id for something new: the same for the same caller and key, so that a repeat finds it."""
    return uuid5(actor_id(actor), f"{what}\n{key}") if key else uuid7()


def key_hash(key: str | None) -> bytes | None:
    return hashlib.sha256(key.encode()).digest() if key else None


def fingerprint(key: str | None, **asked: Any) -> bytes | None:
    """What a request asked for, to tell a repeat from another request under the same key. The key
    is in it, so that what was asked cannot be found by trying.
    """
    if not key:
        return None
    whole = json.dumps([key, asked], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).digest()
