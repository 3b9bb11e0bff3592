#!/bin/sh
# As the published image does it: a new database in an empty PGDATA, with the scripts of /docker-entrypoint-initdb.d run
# against a server that listens on a socket only. As docker-ensure-initdb.sh it ends there, else it starts the server.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-postgres}
  initdb --pgdata "$PGDATA" --username "$user" --pwfile "$POSTGRES_PASSWORD_FILE" --encoding UTF8 --locale C.UTF-8 \
    --auth-local trust --auth-host scram-sha-256 >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  pg_ctl --pgdata "$PGDATA" --options "-c listen_addresses=''" --wait --silent start
  for script in /docker-entrypoint-initdb.d/*.sh; do
    [ ! -e "$script" ] || POSTGRES_USER="$user" "$script"
  done
  pg_ctl --pgdata "$PGDATA" --mode fast --wait --silent stop
fi
[ "${0##*/}" = docker-ensure-initdb.sh ] || exec "$@"
