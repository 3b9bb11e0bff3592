"""HTTP GET requests to a part, on the loopback interface."""

import httpx2

from embedded.ports import HOST


def get(
    port: int, path: str, token: str | None = None, seconds: float = 1.0
) -> httpx2.Response | None:
    """The answer to GET `path`; None unless it is a 200 within `seconds`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://{HOST}:{port}{path}"
    with httpx2.Client(trust_env=False, verify=False) as client:
        try:
            answer = client.get(url, headers=headers, timeout=seconds)
        except httpx2.HTTPError:
            return None
    return answer if answer.status_code == httpx2.codes.OK else None
