#!/bin/sh
# Brings the schema of Temporal's databases up to date. May be run again at any time.
set -eu

SQL_PASSWORD=$(cat /run/secrets/password)
export SQL_PASSWORD SQL_PLUGIN=postgres12 SQL_HOST="$POSTGRES_SEEDS" SQL_PORT="$DB_PORT" SQL_USER="$POSTGRES_USER"

for part in temporal visibility; do
  database=temporal
  [ "$part" = temporal ] || database=temporal_visibility
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema --schema-name "postgresql/v12/$part"
done
