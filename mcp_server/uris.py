"""The addresses of bookings as resources: `booking://<id>`."""

from uuid import UUID

SCHEME = "booking://"
TEMPLATE = "booking://{booking_id}"


def booking_id(uri: str) -> UUID | None:
    """The id in the address of a booking; null for any other address."""
    if not uri.startswith(SCHEME):
        return None
    try:
        return UUID(uri.removeprefix(SCHEME))
    except ValueError:
        return None
