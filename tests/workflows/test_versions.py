"""Workers of two versions side by side: bookings move to the version that is made current."""

from uuid import uuid4

from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.booking import Verb
from tests.support import HANG
from tests.workflows.desk import Desk, Handle, has_read, until
from workflows.worker import deployment


async def make_current(client: Client, name: str, build_id: str) -> None:
    """As `temporal worker deployment set-current-version` does; waits until its workers poll."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=name, build_id=build_id, identity="test"
    )

    async def made() -> bool:
        try:
            await client.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            return False
        return True

    await until(made, HANG)


async def version_of(handle: Handle) -> str:
    info = (await handle.describe()).raw_description.workflow_execution_info.versioning_info
    return info.deployment_version.build_id


async def test_a_booking_moves_to_the_version_that_is_made_current(desk: Desk, temporal):
    name = f"test-{uuid4().hex[:8]}"
    other = Desk(await Client.connect(temporal.address), desk.pool, desk.queue)
    async with desk.working(deployment_config=deployment("1", name)):
        await make_current(desk.client, name, "1")
        id = await desk.hold()
        handle = await desk.begin(id)
        await until(lambda: has_read(handle, 1))
        assert await version_of(handle) == "1"

        async with other.working(deployment_config=deployment("2", name)):
            await make_current(desk.client, name, "2")
            await desk.change(id, Verb.CONFIRM)
            await desk.handle(id).signal("look")

            async def moved() -> bool:
                return await version_of(handle) == "2" and await has_read(handle, 2)

            await until(moved)


async def test_a_booking_of_workers_without_version_moves_to_the_first_version(
    desk: Desk, temporal
):
    name = f"test-{uuid4().hex[:8]}"
    other = Desk(await Client.connect(temporal.address), desk.pool, desk.queue)
    async with desk.working():
        id = await desk.hold()
        handle = await desk.begin(id)
        await until(lambda: has_read(handle, 1))
        async with other.working(deployment_config=deployment("1", name)):
            await make_current(desk.client, name, "1")
            await desk.change(id, Verb.CONFIRM)
            await desk.handle(id).signal("look")
            await until(lambda: has_read(handle, 2))

    async with other.working(deployment_config=deployment("1", name)):
        await desk.change(id, Verb.CANCEL)
        await desk.handle(id).signal("look")
        assert (await handle.result()).status == "cancelled"
