"""The embedded Temporal keeps its workflows, and takes the same command line again."""

from datetime import timedelta
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from embedded import stack
from workflows import BOOKING_STATUS, SEARCH_ATTRIBUTES


async def test_open_workflows_survive_a_kill_with_their_search_attributes() -> None:
    with stack.temporal(persistent=True) as temporal:
        client = await Client.connect(temporal.address)
        marked = TypedSearchAttributes([SearchAttributePair(BOOKING_STATUS, "held")])
        id = uuid4().hex
        await client.start_workflow("Nobody", id=id, task_queue="nobody", search_attributes=marked)

        temporal.kill()
        temporal.start()

        client = await Client.connect(temporal.address)
        found = await client.get_workflow_handle(id).describe(rpc_timeout=timedelta(seconds=10))
        assert found.status is WorkflowExecutionStatus.RUNNING
        assert found.typed_search_attributes[BOOKING_STATUS] == "held"


async def test_every_search_attribute_of_a_booking_is_registered() -> None:
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest

    with stack.temporal() as temporal:
        client = await Client.connect(temporal.address)
        known = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace="default")
        )
        for key in SEARCH_ATTRIBUTES:
            assert known.custom_attributes[key.name] == key.indexed_value_type
