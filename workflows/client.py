"""Temporal client, configured by Temporal's own environment variables."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client, Interceptor
from temporalio.common import SearchAttributeIndexedValueType
from temporalio.envconfig import ClientConfig
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode

from workflows import SEARCH_ATTRIBUTES

ADDRESS = "localhost:7233"

UNREACHABLE = (RPCError, RuntimeError, OSError, TimeoutError)
"""Errors of calls while Temporal is unreachable; a lazy client raises RuntimeError."""

OPERATOR_TIMEOUT = timedelta(seconds=5)

NAMESPACE_WAIT = 10.0
"""Seconds until a namespace that is not found counts as missing."""

log = logging.getLogger(__name__)


async def connect(address: str | None = None, interceptors: Sequence[Interceptor] = ()) -> Client:
    """A lazy client for `address`, or else TEMPORAL_ADDRESS, with TEMPORAL_NAMESPACE,
    TEMPORAL_API_KEY … (default: ADDRESS). It connects with its first call, so this succeeds while
    Temporal is unreachable.
    """
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", ADDRESS)
    if address:
        config["target_host"] = address
    # Payloads are ids and codes, too short to compress.
    return await Client.connect(
        **config,
        lazy=True,
        grpc_compression=GrpcCompression.NONE,
        interceptors=interceptors,
    )


async def reachable(client: Client, within: float = 1.0) -> bool:
    """Whether Temporal answers within `within` seconds; never raises."""
    try:
        async with asyncio.timeout(within):
            return await client.service_client.check_health(timeout=timedelta(seconds=within))
    except UNREACHABLE:
        return False


async def register_search_attributes(client: Client) -> None:
    """Registers missing search attributes with the namespace, which Temporal finds only seconds
    after it was created. Logs a warning if that fails; workflows are then started without them.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + NAMESPACE_WAIT
    while True:
        try:
            async with asyncio.timeout(2 * OPERATOR_TIMEOUT.total_seconds()):
                return await _add(client, await _missing(client))
        except UNREACHABLE as error:
            if clock() > end or getattr(error, "status", None) is not RPCStatusCode.NOT_FOUND:
                return log.warning(
                    "cannot register search attributes; workflows start without them: %s", error
                )
        await asyncio.sleep(0.5)


async def _missing(client: Client) -> dict[str, SearchAttributeIndexedValueType]:
    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace), timeout=OPERATOR_TIMEOUT
    )
    keys = {key.name: key.indexed_value_type for key in SEARCH_ATTRIBUTES}
    return {name: kind for name, kind in keys.items() if name not in known.custom_attributes}


async def _add(client: Client, missing: dict[str, SearchAttributeIndexedValueType]) -> None:
    if not missing:
        return
    request = AddSearchAttributesRequest(namespace=client.namespace)
    for name, kind in missing.items():
        request.search_attributes[name] = kind.value  # type: ignore[assignment]  # an enum's number
    try:
        await client.operator_service.add_search_attributes(request, timeout=OPERATOR_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:  # another process was faster
            raise
