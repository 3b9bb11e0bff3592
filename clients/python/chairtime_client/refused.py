"""What the server says to a caller whom it refuses."""


class Refused(Exception):
    """The server refuses permanently; retrying will not help."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        """As in the API's problems: `unauthenticated`, `forbidden`, `not_found` …"""
