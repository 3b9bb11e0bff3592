"""The document that front ends are written against."""

import json

from api.app import create_app
from settings import CHECKOUT, Settings

COMMITTED = CHECKOUT / "openapi.json"


async def test_the_document_can_be_had_and_names_every_operation_once(api):
    answer = await api.get("/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert "/api/events" in paths


async def test_the_page_needs_nothing_from_elsewhere(api):
    page = await api.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text.replace("http://chairtime", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/assets/{asset}" in page.text
        assert (await api.get(f"/docs/assets/{asset}")).status_code == 200


async def test_every_call_says_who_may_make_it_and_how_it_refuses(api):
    paths = (await api.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            if path.startswith("/api"):
                assert operation["responses"]["default"]["content"]["application/problem+json"]


async def test_the_committed_document_is_the_one_that_is_served(api):
    """After a change of the API: `python -m tests.api.test_openapi` writes it anew."""
    assert json.loads(COMMITTED.read_text()) == (await api.get("/openapi.json")).json()


def _write() -> None:
    settings = Settings(environment="development", metrics_port=0)
    COMMITTED.write_text(json.dumps(create_app(settings).openapi(), indent=1) + "\n")


if __name__ == "__main__":
    _write()
