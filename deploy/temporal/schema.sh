#!/bin/sh
# Creates Temporal's databases and brings their schema up to date. May be run again at any time.
set -eu

export SQL_PLUGIN=postgres12 SQL_HOST="$POSTGRES_SEEDS" SQL_PORT="$DB_PORT"
export SQL_USER="$POSTGRES_USER" SQL_PASSWORD="$POSTGRES_PWD"

for part in temporal visibility; do
  database=temporal
  [ "$part" = temporal ] || database=temporal_visibility
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "postgresql/v12/$part"
done
