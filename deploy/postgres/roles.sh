#!/bin/sh
# Run by the image of Postgres after init.sh: the roles of API, workers and relay, which `chairtime migrate`
# gives their rights (docs/database.md).
set -eu

psql --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname postgres --file /deploy/roles.sql \
  --set api_password="$(cat /run/secrets/chairtime_api)" --set worker_password="$(cat /run/secrets/chairtime_worker)"
