#!/bin/sh
# Starts Postgres. The first start makes the databases and their roles in a folder aside, which gets its name when all is
# done: a first start that was interrupted begins anew. Folders that have their name are never removed.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  PGDATA="$PGDATA.new" docker-ensure-initdb.sh "$@"
  sync
  mv --no-target-directory "$PGDATA.new" "$PGDATA"
fi
exec docker-entrypoint.sh "$@"
