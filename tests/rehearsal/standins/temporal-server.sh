#!/bin/sh
# As the published image does it: other processes reach this one by the container's address.
set -eu

TEMPORAL_BROADCAST_ADDRESS=$(getent hosts "$(hostname)" | awk '{print $1; exit}')
export TEMPORAL_BROADCAST_ADDRESS
exec temporal-server start
