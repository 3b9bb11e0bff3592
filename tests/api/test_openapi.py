"""The document that front ends are written against."""


async def test_the_document_can_be_had_and_names_every_operation_once(api):
    answer = await api.get("/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert "/api/events" in paths
