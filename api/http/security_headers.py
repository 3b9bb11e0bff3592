"""Headers that tell browsers how they may use an answer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Raw = tuple[tuple[bytes, bytes], ...]

ALWAYS: Raw = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)
DATA: Raw = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
PAGES: Raw = (
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        b" object-src 'none'",
    ),
)
DOCS: Raw = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
        b" img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
)
HTTPS: Raw = ((b"strict-transport-security", b"max-age=31536000"),)


class SecurityHeaders:
    """Adds the headers that the route has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        wanted = _wanted(scope["path"], scope["scheme"])

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [(name.lower(), value) for name, value in message.get("headers", ())]
                names = {name for name, _ in given}
                message["headers"] = given + [pair for pair in wanted if pair[0] not in names]
            await send(message)

        await self._app(scope, receive, answer)


def _wanted(path: str, scheme: str) -> Raw:
    if path.startswith(("/api/", "/.well-known/")) or path == "/mcp":
        found = ALWAYS + DATA
    elif path.startswith("/docs"):
        found = ALWAYS + DOCS
    else:
        found = ALWAYS + PAGES
    return found + HTTPS if scheme == "https" else found
