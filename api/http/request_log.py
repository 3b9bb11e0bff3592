"""One log line per request, and the fields of all other lines of a request."""

import logging
from uuid import UUID

from fastapi import Request
from prometheus_client import Counter, Histogram
from starlette.types import Scope

from db.log_context import add_to_log
from domain.actors import Actor
from workflows import workflow_id

REQUESTS = Counter(
    "chairtime_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "chairtime_http_request_seconds",
    "From the request to the first byte of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
)

OF_BOOKING = ("/api/appointments/{id", "/api/availability/reserve/{id")
"""The beginnings of routes whose `id` is a booking's."""

NO_ROUTE = "none"
CLIENT_GONE = 499
"""Logged in place of a status if the client disconnected before it was answered."""

log = logging.getLogger("chairtime.requests")


def log_request(scope: Scope, fields: dict[str, str], status: int, seconds: float) -> None:
    """Logs an answered request by its route, never by its path, which the caller chose."""
    method, route = scope["method"], route_of(scope)
    own = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    fields.setdefault("role", "none")
    log.info("%s %s %d", method, route, status, extra={"fields": own})


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """Counts a request when its answer begins."""
    route = route_of(scope)
    REQUESTS.labels(scope["method"], route, status).inc()
    SECONDS.labels(scope["method"], route).observe(seconds)


def route_of(scope: Scope) -> str:
    """The path template of the request's route."""
    found: str = getattr(scope.get("route"), "path_format", NO_ROUTE)
    return found


def log_caller(request: Request, actor: Actor) -> None:
    """Adds the caller's role, and the booking that the route names, to all further lines."""
    add_to_log(role=str(actor.role))
    if route_of(request.scope).startswith(OF_BOOKING):
        try:
            log_booking(UUID(str(request.path_params["id"])))
        except ValueError:  # not an id; the route refuses it
            pass


def log_booking(id: UUID) -> None:
    """Adds a booking and its workflow to all further lines of the request."""
    add_to_log(booking_id=str(id), workflow_id=workflow_id(id))
