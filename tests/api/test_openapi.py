"""The document that front ends are written against."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from api.app import ROUTE_MODULES, create_app
from api.http import errors
from api.http.body import Body
from api.openapi.example_bodies import EXAMPLES
from domain.rights import PUBLIC
from embedded import node
from settings import CHECKOUT, Settings

ROUTES = [route for module in ROUTE_MODULES for route in module.router.routes]
COMMITTED = CHECKOUT / "openapi.json"
PROBLEM_JSON = "application/problem+json"


def _subclasses(kind: type[Body]) -> list[type[Body]]:
    return [each for one in kind.__subclasses__() for each in (one, *_subclasses(one))]


async def test_openapi_is_served_with_unique_operation_ids(api):
    answer = await api.get("/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert "/api/events" in paths


async def test_docs_page_loads_nothing_from_other_hosts(api):
    page = await api.get("/docs")
    assert page.status_code == 200
    assert "://" not in page.text.replace("http://chairtime", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/docs/assets/{asset}" in page.text
        assert (await api.get(f"/docs/assets/{asset}")).status_code == 200


async def test_every_operation_documents_roles_and_problems(api):
    document = (await api.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path.startswith("/api"):
                refused = operation["responses"]["default"]["$ref"].rpartition("/")[2]
                assert document["components"]["responses"][refused]["content"][PROBLEM_JSON]
                assert bool(operation.get("security")) != (operation["operationId"] in PUBLIC)


async def test_every_body_has_valid_examples(api):
    document = (await api.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    for name in set(_bodies(document)):
        assert schemas[name]["examples"], name
    for name, schema in schemas.items():
        judge = _validator(document, {"$ref": f"#/components/schemas/{name}"})
        for example in schema.get("examples", ()):
            assert [error.message for error in judge.iter_errors(example)] == [], name
            assert not example.keys() - schema["properties"].keys() or name == "Event"


@pytest.mark.parametrize("body", _subclasses(Body), ids=lambda body: body.__name__)
def test_every_request_example_is_accepted(body):
    """As JSON, and by the model itself, whose rules the document does not have all of."""
    for example in EXAMPLES.get(body.__name__, ()):
        body.model_validate_json(json.dumps(example))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_what_is_left_out_of_an_answer_where_it_is_null_is_not_required(route):
    told = TypeAdapter(route.response_model).json_schema(mode="serialization")
    for schema in (told, *told.get("$defs", {}).values()):
        for name in schema.get("required", ()) if route.response_model_exclude_none else ():
            assert {"type": "null"} not in schema["properties"][name].get("anyOf", ()), name


async def test_every_problem_has_an_example_that_fits(api):
    document = (await api.get("/openapi.json")).json()
    judge = _validator(document, {"$ref": "#/components/schemas/Problem"})
    shown = document["components"]["responses"]["Refused"]["content"][PROBLEM_JSON]["examples"]
    for code in errors.STATUS:
        value = document["components"]["examples"][shown[code]["$ref"].rpartition("/")[2]]["value"]
        assert (value["code"], value["status"]) == (code, errors.STATUS[code])
        assert [error.message for error in judge.iter_errors(value)] == [], code
        assert not value.keys() - document["components"]["schemas"]["Problem"]["properties"].keys()


async def test_stream_example_is_valid(api):
    document = (await api.get("/openapi.json")).json()
    content = document["paths"]["/api/events"]["get"]["responses"]["200"]["content"]
    [text] = content["text/event-stream"]["schema"]["examples"]
    ready, booked, *rest = text.split("\n\n")
    assert {"event: ready", "id: 3f9a:57"} < set(ready.splitlines())
    assert rest == [": hb", ""]
    data = json.loads(booked.partition("data: ")[2])
    assert data == document["components"]["schemas"]["Event"]["examples"][0]


async def test_the_committed_document_is_the_one_that_is_served(api):
    """After a change of the API: `python -m tests.api.test_openapi` writes it anew."""
    assert json.loads(COMMITTED.read_text()) == (await api.get("/openapi.json")).json()


def _bodies(document: Any) -> Iterator[str]:
    """The schemas of all bodies in JSON: what is asked, and what is answered."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                schema = body.get("content", {}).get("application/json", {}).get("schema", {})
                reference = schema.get("items", schema).get("$ref")
                if reference:
                    yield reference.rpartition("/")[2]


def _validator(document: Any, schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    schema = schema | {"components": document["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def _write() -> None:
    settings = Settings(environment="development", metrics_port=0)
    COMMITTED.write_text(json.dumps(create_app(settings).openapi(), indent=1) + "\n")
    sys.exit(node.main(["--if-found", "run", "generate"]))  # the TypeScript client follows it


if __name__ == "__main__":
    _write()
