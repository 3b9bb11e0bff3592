#!/bin/sh
# Run by the image of Postgres at its first start (start.sh): a role that is no superuser, with databases of its own.
# ROLE and DATABASES say which.
set -eu

password=$(cat "/run/secrets/$ROLE")
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set role="$ROLE" --set password="$password" <<'SQL'
create role :"role" login password :'password' nosuperuser nocreatedb nocreaterole;
SQL
for database in $DATABASES; do
  psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set role="$ROLE" --set database="$database" <<'SQL'
create database :"database" owner :"role";
revoke connect, temporary on database :"database" from public;
SQL
done
