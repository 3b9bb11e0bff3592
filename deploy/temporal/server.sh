#!/bin/sh
# Starts the image's server with the password of its database, which the image takes from the environment only.
set -eu

POSTGRES_PWD=$(cat /run/secrets/password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
