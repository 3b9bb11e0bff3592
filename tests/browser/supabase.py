"""The part of Supabase Auth that the web app asks, with keys and tokens as Supabase makes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded import ports
from tests.api.issuer import Issuer

EMAIL, PASSWORD, CODE = "ana@example.org", "correct horse", "123456"


class Supabase(Issuer):
    """Knows one person, and counts what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.port = ports.any_free()
        self.paths: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/auth/v1/.well-known/jwks.json", self._keys),
                Route("/auth/v1/token", self._token, methods=["POST"]),
                Route("/auth/v1/verify", self._verify, methods=["POST"]),
                Route("/auth/v1/otp", self._done, methods=["POST"]),
                Route("/auth/v1/logout", self._done, methods=["POST"]),
            ],
            middleware=[
                Middleware(
                    CORSMiddleware, allow_origins=["*"], allow_headers=["*"], allow_methods=["*"]
                )
            ],
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Supabase"]:
        config = uvicorn.Config(self.app, port=self.port, log_level="warning", lifespan="off")
        listener = config.bind_socket()
        listener.listen()  # who connects before the server has started waits
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            yield self
        finally:
            server.should_exit = True
            await task

    async def _keys(self, request: Request) -> Response:
        return Response(self.document(), media_type="application/json")

    async def _token(self, request: Request) -> Response:
        given = await request.json()
        if (given.get("email"), given.get("password")) != (EMAIL, PASSWORD):
            return self._refused()
        return self._session(request)

    async def _verify(self, request: Request) -> Response:
        given = await request.json()
        if (given.get("email"), given.get("token")) != (EMAIL, CODE):
            return self._refused()
        return self._session(request)

    async def _done(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        return JSONResponse({})

    def _session(self, request: Request) -> Response:
        self.paths.append(request.url.path)
        claims = self.claims()
        user = {"id": claims["sub"], "email": EMAIL, "app_metadata": {}, "user_metadata": {}}
        return JSONResponse(
            {
                "access_token": self.token(sub=claims["sub"]),
                "token_type": "bearer",
                "expires_in": 3600,
                "expires_at": claims["exp"],
                "refresh_token": "refresh",
                "user": user | {"aud": "authenticated", "created_at": "2026-01-01T00:00:00Z"},
            }
        )

    def _refused(self) -> Response:
        body = {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid credentials"}
        return JSONResponse(body, status_code=400)
