"""Whose word counts: tokens as Supabase issues them are taken, everything else is refused alike."""

import asyncio
import base64
import json
import logging
import random
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK
from jwt.algorithms import HMACAlgorithm
from starlette.requests import Request

from api.auth import jwks, security
from api.auth.jwks import Jwks
from api.auth.security import FixedKey, Verifier
from api.http.errors import Problem
from domain.actors import Role
from settings import Settings
from tests.api.issuer import Issuer, jwk, supabase_claims

SECRET = "super-secret-jwt-token-with-at-least-32-characters-long"
NOW = 1_800_000_000.0


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer() as issuer:
        yield issuer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[Jwks]:
    keys = Jwks(issuer.jwks_url, clock)
    yield keys
    await keys.stop()


@pytest.fixture
def verifier(issuer: Issuer, keys: Jwks) -> Verifier:
    return Verifier(keys, issuer.url, "authenticated")


async def refusal(verifier: Verifier, token: str) -> tuple[int, str] | None:
    """The status and words of a refusal; None where the token was accepted."""
    try:
        await verifier.verify(token)
    except Problem as problem:
        return problem.status, str(problem)
    return None


GENERIC = (401, str(security.unauthenticated()))


async def test_tokens_of_supabase_are_accepted_es256_and_rs256(issuer, verifier):
    issuer.keys["rsa"] = rsa.generate_private_key(65537, 2048)
    for kid in issuer.keys:
        for role in ("patient", "dentist", "admin", "agent"):
            token = issuer.token(kid, app_metadata={"provider": "email", "role": role})
            assert (await verifier.verify(token)).actor.role is Role(role)
    assert (await verifier.verify(issuer.token(app_metadata={}))).actor.role is Role.PATIENT
    assert issuer.asked == 1


async def test_the_legacy_secret_counts_only_where_it_is_configured(issuer, verifier):
    settings = Settings(jwt_issuer=issuer.url, jwt_secret=SECRET, _env_file=None)
    legacy = Verifier.of(settings)
    token = jwt.encode(issuer.claims(), SECRET, "HS256")
    assert (await legacy.verify(token)).actor.role is Role.PATIENT
    assert await refusal(verifier, token) == GENERIC
    assert await refusal(legacy, issuer.token()) == GENERIC
    assert issuer.asked == 0


async def test_a_key_is_of_use_only_for_what_it_says_it_is(issuer, keys, caplog):
    good, small = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)
    other = ec.generate_private_key(ec.SECP384R1())
    named = jwk("good", good)
    issuer.answer = json.dumps(
        {
            "keys": [
                named,
                named | {"kid": "rs", "alg": "RS256"},
                named | {"kid": "hs", "alg": "HS256"},
                named | {"kid": "none", "alg": "none"},
                named | {"kid": "enc", "use": "enc"},
                named | {"kid": "sign", "key_ops": ["sign"]},
                named | {"kid": "private", "d": "AAAA"},
                named | {"kid": "off", "x": "AAAA"},
                named | {"kid": 7},
                jwk("p384", other) | {"alg": "ES256"},
                jwk("small", small),
                {"kty": "oct", "kid": "oct", "k": "c2VjcmV0", "alg": "HS256"},
                {},
                "key",
                None,
            ]
        }
    ).encode()
    assert await keys.refresh()
    assert await keys.find("good") is not None
    for kid in ("rs", "hs", "none", "enc", "sign", "private", "off", "p384", "small", "oct", None):
        assert await keys.find(kid) is None, kid


async def test_after_a_rotation_both_keys_count_and_a_withdrawn_one_does_not(
    issuer, keys, verifier
):
    await keys.refresh()
    old = issuer.token()
    await verifier.verify(old)
    issuer.keys["second"] = ec.generate_private_key(ec.SECP256R1())
    new = issuer.token("second")
    await verifier.verify(new)
    await verifier.verify(old)
    del issuer.keys["first"]
    await verifier.verify(old)  # until the next fetch
    await keys.refresh()
    assert await refusal(verifier, old) == GENERIC
    await verifier.verify(new)


async def test_known_keys_outlast_the_issuer_and_unknown_ones_fail(issuer, keys, verifier, clock):
    await verifier.verify(issuer.token())
    issuer.keys["second"] = ec.generate_private_key(ec.SECP256R1())
    await issuer.go_away()
    clock.at += 100_000
    assert not await keys.refresh()
    await verifier.verify(issuer.token())
    assert await refusal(verifier, issuer.token("second")) == GENERIC


async def test_missing_jwks_is_503_not_401(issuer, verifier, clock):
    issuer.status = "503 Service Unavailable"
    assert (await refusal(verifier, issuer.token()))[0] == 503
    assert await refusal(verifier, "nonsense") == GENERIC
    issuer.status = "200 OK"
    clock.at += jwks.UNKNOWN_EVERY
    await verifier.verify(issuer.token())


async def test_the_keys_are_fetched_from_the_start_and_again_and_again(
    issuer, verifier, monkeypatch
):
    monkeypatch.setattr(jwks, "TTL", 0.0)
    async with verifier.running(), asyncio.timeout(10):
        for _ in range(3):
            await issuer.was_asked.wait()
            issuer.was_asked.clear()
    assert await refusal(verifier, issuer.token()) is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"keys": {}}',
        b'{"keys": "first"}',
        b"\xff\xfe",
        b'{"keys": ' + b"[" * 60_000,
        b'{"keys": [' + b" " * jwks.MAX_DOCUMENT + b"]}",
    ],
)
async def test_a_malformed_or_huge_document_changes_nothing_and_is_logged(
    issuer, keys, verifier, caplog, answer
):
    token = issuer.token()
    await verifier.verify(token)
    issuer.answer = answer
    with caplog.at_level(logging.WARNING):
        assert not await keys.refresh()
    assert len(caplog.records) == 1
    await verifier.verify(issuer.token())
    assert keys.generation == 1


async def test_a_redirect_is_not_followed(issuer, keys):
    async with Issuer() as elsewhere:
        issuer.status = f"302 Found\r\nLocation: {elsewhere.jwks_url}"
        assert not await keys.refresh()
        assert elsewhere.asked == 0


async def test_slow_issuer_delays_all_requests_once(issuer, verifier, monkeypatch):
    monkeypatch.setattr(jwks, "FETCH_TIMEOUT", 0.05)
    issuer.answers.clear()
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*(refusal(verifier, issuer.token(n=n)) for n in range(50)))
    assert {status for status, _ in outcomes} == {503}
    assert issuer.asked == 1


async def test_unknown_keys_cost_one_fetch_in_thirty_seconds(issuer, verifier, clock):
    strangers = {f"k{n}": ec.generate_private_key(ec.SECP256R1()) for n in range(100)}
    known = issuer.keys
    issuer.keys = known | strangers
    forged = [issuer.token(kid) for kid in strangers]
    issuer.keys = known

    assert set(await asyncio.gather(*(refusal(verifier, t) for t in forged))) == {GENERIC}
    assert issuer.asked == 1
    clock.at += jwks.UNKNOWN_EVERY - 1
    assert {await refusal(verifier, t) for t in forged} == {GENERIC}
    assert issuer.asked == 1
    clock.at += 1
    assert {await refusal(verifier, t) for t in forged} == {GENERIC}
    assert issuer.asked == 2


async def test_a_caller_who_hangs_up_does_not_end_the_fetch_of_the_others(issuer, verifier):
    issuer.answers.clear()
    impatient = asyncio.create_task(verifier.verify(issuer.token()))
    patient = asyncio.create_task(verifier.verify(issuer.token()))
    await issuer.was_asked.wait()
    impatient.cancel()
    issuer.answers.set()
    assert (await patient).actor.role is Role.PATIENT
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({}, True),
        ({"exp": NOW - 4.9}, True),
        ({"exp": NOW - 5}, False),
        ({"iat": NOW + 5}, True),
        ({"iat": NOW + 5.1}, False),
        ({"nbf": NOW + 5}, True),
        ({"nbf": NOW + 5.1}, False),
        ({"nbf": "0"}, False),
        ({"exp": None}, False),
        ({"exp": str(int(NOW) + 60)}, False),
        ({"exp": True}, False),
        ({"exp": [NOW + 60]}, False),
        ({"exp": float("inf")}, False),
        ({"exp": float("nan")}, False),
        ({"exp": 10**400}, False),
        ({"iat": None}, False),
        ({"iat": "now"}, False),
        ({"sub": None}, False),
        ({"sub": "admin"}, False),
        ({"sub": 7}, False),
        ({"aud": None}, False),
        ({"aud": ["authenticated"]}, True),
        ({"aud": ["authenticated", "elsewhere"]}, False),
        ({"aud": []}, False),
        ({"aud": "authenticated "}, False),
        ({"aud": "anon"}, False),
        ({"iss": None}, False),
        ({"iss": "https://clinic.example/auth"}, False),
        ({"iss": "https://clinic.example/auth/v1/"}, False),
        ({"iss": "https://clinic.example/auth/v1.evil.example"}, False),
        ({"iss": ["https://clinic.example/auth/v1"]}, False),
        ({"iss": "supabase", "role": "service_role", "sub": None}, False),
        ({"is_anonymous": None}, True),
        ({"is_anonymous": True}, False),
        ({"is_anonymous": "false"}, False),
        ({"app_metadata": None}, True),
        ({"app_metadata": "admin"}, False),
        ({"app_metadata": {"role": None}}, False),
        ({"app_metadata": {"role": "system"}}, False),
        ({"app_metadata": {"role": "clinic"}}, False),
        ({"app_metadata": {"role": ["admin"]}}, False),
    ],
)
async def test_token_claims_are_checked_at_their_limits(claims, accepted):
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = "https://clinic.example/auth/v1"
    verifier = Verifier(FixedKey(PyJWK(jwk("k", key))), issuer, "authenticated", Clock(NOW))
    good = supabase_claims(issuer, iat=int(NOW), exp=int(NOW) + 60)
    token = sign(key, {k: v for k, v in (good | claims).items() if v is not None})
    assert await refusal(verifier, token) == (None if accepted else GENERIC)


@pytest.mark.parametrize("role", ["admin", "service_role", "dentist"])
async def test_role_from_user_metadata_is_ignored(issuer, verifier, role):
    token = issuer.token(role=role, user_metadata={"role": role}, app_metadata={})
    assert (await verifier.verify(token)).actor.role is Role.PATIENT


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def sign(key, payload: object, **header: object) -> str:
    """Signed as it stands: `payload` may be text, and the header may say anything."""
    head = json.dumps({"alg": "ES256", "typ": "JWT", "kid": "first"} | header)
    body = payload if isinstance(payload, str) else json.dumps(payload)
    return raw(key, head, body)


def raw(key, head: str, body: str) -> str:
    signed = f"{b64(head.encode())}.{b64(body.encode())}"
    es256 = jwt.get_algorithm_by_name("ES256")
    return f"{signed}.{b64(es256.sign(signed.encode(), key))}"


def hmac(secret: bytes, claims: dict[str, object], **header: object) -> str:
    head = json.dumps({"alg": "HS256", "typ": "JWT"} | header)
    signed = f"{b64(head.encode())}.{b64(json.dumps(claims).encode())}"
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    return f"{signed}.{b64(algorithm.sign(signed.encode(), secret))}"


def forgeries(issuer: Issuer, canary: Issuer) -> dict[str, str]:
    """What an attacker, or a careless issuer, could send. None may be accepted."""
    own, key = ec.generate_private_key(ec.SECP256R1()), issuer.keys["first"]
    claims = issuer.claims(app_metadata={"role": "admin"})
    text = json.dumps(claims)
    good = issuer.token()
    head, body, signature = good.split(".")
    public = key.public_key()
    published = jwk("first", key)
    head_alg = [{"alg": a, "typ": "JWT", "kid": "first"} for a in ("none", "None", "nOnE", "")]
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    confused = [pem, pem.strip(), der, point, json.dumps(published).encode(), issuer.document()]
    kids = [None, 7, "", "../../dev/null", "/dev/null", "' or '1'='1", "x" * 5000, ["first"]]
    return {
        **{f"none {n}": f"{b64(json.dumps(h).encode())}.{body}." for n, h in enumerate(head_alg)},
        **{
            f"none, signed {n}": f"{b64(json.dumps(h).encode())}.{body}.{signature}"
            for n, h in enumerate(head_alg)
        },
        **{f"confused {n}": hmac(k, claims, kid="first") for n, k in enumerate(confused)},
        "empty secret": hmac(b"", claims, kid="first"),
        **{f"kid {kid!r:.20}": sign(own, claims, kid=kid) for kid in kids},
        "foreign key": sign(own, claims),
        "alg ES384": sign(key, claims, alg="ES384"),
        "alg RS256": sign(key, claims, alg="RS256"),
        "alg HS256": sign(key, claims, alg="HS256"),
        "alg list": sign(key, claims, alg=["ES256"]),
        "no alg": sign(key, claims, alg=None),
        "no kid": sign(key, claims, kid=None),
        "jku": sign(own, claims, jku=canary.jwks_url, kid="new"),
        "x5u": sign(own, claims, x5u=canary.jwks_url),
        "jwk": sign(own, claims, jwk=jwk("first", own)),
        "crit": sign(key, claims, crit=["exp"]),
        "crit b64": sign(key, claims, crit=["b64"], b64=True),
        "crit unknown": sign(key, claims, crit=["urn:x"], **{"urn:x": 1}),
        "crit empty": sign(key, claims, crit=[]),
        "b64 false": sign(key, claims, crit=["b64"], b64=False),
        "typ": sign(key, claims, typ="refresh+jwt"),
        "duplicate claim": sign(key, text[:-1] + ', "sub": "' + str(claims["sub"]) + '"}'),
        "duplicate role": sign(
            key, text.replace('"app_metadata": {', '"app_metadata": {"role": "patient", ')
        ),
        "duplicate alg": raw(
            key, '{"alg": "none", "alg": "ES256", "typ": "JWT", "kid": "first"}', text
        ),
        "payload list": sign(key, [claims]),
        "payload text": sign(key, '"admin"'),
        "payload deep": sign(key, "[" * 4000),
        "payload none": sign(key, "null"),
        "payload latin": sign(key, text.replace("ana", "\\ud800")[:-1]),
        "zero signature": f"{head}.{body}.{b64(bytes(64))}",
        "long signature": f"{head}.{body}.{signature}{b64(bytes(3))}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "JWE": f"{good}.{body}.{signature}",
        "padded signature": f"{good}==",
        "padded payload": f"{head}.{body}=.{signature}",
        "line end": f"{good}\n",
        "space": f" {good}",
        "null": f"{good}\x00",
        "standard base64": f"{head}.{body}.{signature[:-2]}+/",
        "not ascii": f"{good}é",
        "surrogate": f"{good}\ud800",
        "big": issuer.token(padding="x" * 8192),
        "huge": issuer.token(padding="x" * 1_000_000),
        "nothing": "",
        "dots": "..",
        "bare": "a.b.c",
    }


async def test_no_forgery_is_accepted_and_all_are_refused_alike(issuer, verifier):
    async with Issuer() as canary:
        await verifier.verify(issuer.token())
        for name, token in forgeries(issuer, canary).items():
            assert await refusal(verifier, token) == GENERIC, name
        assert canary.asked == 0
    assert issuer.asked <= 2


def mutated(good: str, chance: random.Random, own: ec.EllipticCurvePrivateKey) -> str:
    """A good token with something wrong about it."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.+/ \n"
    parts = good.split(".")
    at = chance.randrange(len(good))
    match chance.randrange(8):
        case 0:
            return good[:at] + chance.choice(alphabet) + good[at + 1 :]
        case 1:
            return good[:at] + chance.choice(alphabet) + good[at:]
        case 2:
            return good[:at] + good[at + chance.randint(1, 4) :]
        case 3:
            chance.shuffle(parts)
            return ".".join(parts)
        case 4:
            part = chance.randrange(3)
            data = bytearray(unb64(parts[part]))
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            parts[part] = b64(bytes(data))
            return ".".join(parts)
        case 5:
            claims = json.loads(unb64(parts[1]))
            claims[chance.choice(list(claims))] = chance.choice([None, 0, "admin", {}, [], 4e9])
            parts[1] = b64(json.dumps(claims).encode())
            return ".".join(parts)
        case 6:
            header = json.loads(unb64(parts[0]))
            header[chance.choice(["alg", "kid", "typ", "crit", "jwk"])] = chance.choice(
                ["none", "HS256", "RS256", "ES256", "first", "x", None, 0, ["exp"], {}]
            )
            parts[0] = b64(json.dumps(header).encode())
            return ".".join(parts)
        case _:
            claims = json.loads(unb64(parts[1])) | {"app_metadata": {"role": "admin"}}
            return sign(own, claims)


async def test_none_of_twelve_thousand_mutated_tokens_is_accepted(issuer, verifier):
    chance = random.Random(4711)  # seeded: a failure can be had again
    own = ec.generate_private_key(ec.SECP256R1())
    issuer.keys["rsa"] = rsa.generate_private_key(65537, 2048)
    goods = [issuer.token(), issuer.token("rsa")]
    for good in goods:
        await verifier.verify(good)
    tried, accepted = 0, []
    while tried < 12_000:
        good = chance.choice(goods)
        token = mutated(good, chance, own)
        if token in goods:
            continue
        tried += 1
        if await refusal(verifier, token) != GENERIC:
            accepted.append(token)
    assert accepted == []
    assert issuer.asked <= 2
    for good in goods:
        await verifier.verify(good)


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        (["Bearer {}"], True),
        (["bearer {}"], True),
        ([], False),
        (["Bearer"], False),
        (["Bearer "], False),
        (["{}"], False),
        (["Basic {}"], False),
        (["Bearer {0} {0}"], False),
        (["Bearer {0},Bearer {0}"], False),
        (["Bearer {}", "Bearer {}"], False),
        (["Bearer {}", "Basic YTpi"], False),
    ],
)
async def test_one_header_carries_one_token(issuer, verifier, headers, accepted):
    app = SimpleNamespace(state=SimpleNamespace(verifier=verifier, limits=None))
    lines = [(b"authorization", line.format(issuer.token()).encode()) for line in headers]
    request = Request({"type": "http", "method": "GET", "headers": lines, "app": app})
    if accepted:
        assert (await security.caller(request)).role is Role.PATIENT
    else:
        with pytest.raises(Problem) as refused:
            await security.caller(request)
        assert refused.value.status == 401
        assert refused.value.headers == {"WWW-Authenticate": "Bearer"}


async def test_a_remembered_token_ends_when_it_expires(issuer, keys):
    clock = Clock(time.time())
    verifier = Verifier(keys, issuer.url, "authenticated", clock)
    token = issuer.token(exp=int(clock.at) + 60)
    verified = await verifier.verify(token)
    assert await verifier.verify(token) is verified
    clock.at = verified.expires
    assert await refusal(verifier, token) == GENERIC


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"jwks_url": "https://clinic.example/keys"}, "JWT_ISSUER"),
        ({"jwt_secret": SECRET}, "JWT_ISSUER"),
        ({"jwt_issuer": "https://c.example", "jwt_secret": SECRET[:31]}, "32 bytes"),
        ({"jwt_issuer": "http://clinic.example"}, "https"),
        ({"jwt_issuer": "clinic"}, "https"),
        ({"jwt_issuer": "https://c.example", "jwks_url": "http://c.example/k"}, "https"),
        ({"jwt_issuer": "https://c.example", "jwks_url": "file:///etc/keys"}, "https"),
        (
            {
                "jwt_issuer": "https://c.example",
                "jwks_url": "https://c.example/k",
                "jwt_secret": SECRET,
            },
            "exclude each other",
        ),
    ],
)
def test_settings_that_would_trust_the_wrong_keys_are_refused_without_a_word_of_the_secret(
    given, why
):
    with pytest.raises(ValueError, match=why) as refused:
        Settings(**given, _env_file=None)
    assert SECRET[:31] not in str(refused.value)


def test_an_empty_setting_is_none(monkeypatch):
    for name in ("JWT_ISSUER", "JWT_SECRET", "JWKS_URL", "RATE_LIMITS", "CORS_ORIGINS"):
        monkeypatch.setenv(name, "")
    settings = Settings(_env_file=None)
    assert (settings.jwt_issuer, settings.jwt_secret, settings.limited) == (None, None, True)


def test_production_names_what_is_missing():
    from api.http.server import serve

    with pytest.raises(SystemExit) as end:
        serve(Settings(_env_file=None))
    assert "JWT_ISSUER" in str(end.value)
    assert "\n" not in str(end.value)
