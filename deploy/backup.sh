#!/bin/sh
# backup.sh DIRECTORY: dumps the databases of the application and of Temporal while everything runs. The secrets are
# not part of it: a restore keeps those of the volumes.
set -eu
compose=${COMPOSE:-docker compose}
directory=$1

umask 077
mkdir -p "$directory"
dump() {  # dump SERVICE DATABASE
  $compose exec -T "$1" pg_dump --username postgres --format custom "$2" >"$directory/$2.dump.new"
  mv "$directory/$2.dump.new" "$directory/$2.dump"
}
# In this order each later dump knows all that the earlier ones know: a workflow that is listed as running without
# being there would never be started again.
dump temporal-postgres temporal_visibility
dump temporal-postgres temporal
dump postgres chairtime
ls -l "$directory"
