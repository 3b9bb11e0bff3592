"""Serves the built web app at every path that no route has."""

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.web.config import supabase_url
from api.web.files import File, read
from settings import Settings

INDEX = "/index.html"
NOT_PAGES = ("/api/", "/assets/", "/docs/")
"""Below these a path is a file or a route, never a page of the app."""

NOT_BUILT = "The web app is not built; `make dev` builds it. The API is described at /docs."


def install(app: FastAPI, settings: Settings) -> None:
    """Answers what no route matches: with a file, with the app, or with a problem."""
    app.router.default = Pages(read(), _policy(settings))


class Pages:
    """Files by their path. A browser that navigates elsewhere gets the app, which knows its own
    paths; everything else is 404.
    """

    def __init__(self, files: dict[str, File], policy: str) -> None:
        self._files = files
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        file = self._find(scope["path"], headers) if scope["method"] == "GET" else None
        if file is None:
            missing = _navigates(scope["path"], headers) and not self._files
            raise HTTPException(404, NOT_BUILT if missing else None)
        await self._answer(file, headers)(scope, receive, send)

    def _find(self, path: str, headers: Headers) -> File | None:
        if path != INDEX and path in self._files:
            return self._files[path]
        return self._files.get(INDEX) if _navigates(path, headers) else None

    def _answer(self, file: File, headers: Headers) -> Response:
        response_headers = {
            "Cache-Control": file.cache_control,
            "ETag": file.etag,
            "Content-Security-Policy": self._policy,
            "Vary": "Accept-Encoding, Accept",
        }
        if file.etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=response_headers)
        content = file.content
        if file.compressed is not None and "gzip" in headers.get("accept-encoding", ""):
            content, response_headers["Content-Encoding"] = file.compressed, "gzip"
        return Response(content, media_type=file.media_type, headers=response_headers)


def _navigates(path: str, headers: Headers) -> bool:
    """Whether a browser asks for a page of the app, not for a file or for data."""
    if path.startswith(NOT_PAGES) or path == "/api" or "." in path.rpartition("/")[2]:
        return False
    return "text/html" in headers.get("accept", "")


def _policy(settings: Settings) -> str:
    """The Content-Security-Policy of the pages. Styles may be inline, as Mantine writes them;
    scripts may not.
    """
    issuer = supabase_url(settings)
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            f"connect-src 'self' {issuer}" if issuer else "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        )
    )
