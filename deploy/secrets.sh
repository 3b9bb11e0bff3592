#!/bin/sh
# Makes the secrets that do not exist yet, each in the volume of the container that reads it, and gives
# volumes to the users who write there. Run by the job `secrets` at each start; what exists stays as it is.
set -eu
umask 077

CHAIRTIME=10001 TEMPORAL=1000 PROXY=10002

random() {  # 32 bytes as hexadecimal digits, which need no escaping in a URL
  od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

put() {  # put FILE OWNER VALUE
  printf %s "$3" >"$1.new"
  chmod 400 "$1.new"
  chown "$2" "$1.new"
  mv "$1.new" "$1"
}

own() {  # own FILE OWNER: a secret that one container knows
  [ -e "$1" ] || put "$1" "$2" "$(random)"
}

share() {  # share FILE OWNER FILE OWNER: the same secret in both
  if [ -e "$1" ] && [ -e "$3" ]; then return; fi
  rm -f "$1" "$3"
  secret=$(random)
  put "$1" "$2" "$secret"
  put "$3" "$4" "$secret"
}

login() {  # login ROLE CONTAINER …: the password of a role, and the address of the database for those who use it
  role=$1
  shift
  eval "last=\$$#"
  if [ -e "$last/database_url" ]; then return; fi
  password=$(random)
  rm -f "postgres/$role"
  put "postgres/$role" postgres "$password"
  for who; do
    rm -f "$who/database_url"
    put "$who/database_url" "$CHAIRTIME" "postgresql://$role:$password@postgres:5432/chairtime"
  done
}

cd /secrets
chmod 755 ./*
own postgres/superuser postgres
own temporal-postgres/superuser postgres
share temporal-postgres/temporal postgres temporal/password "$TEMPORAL"
login chairtime migrate
login chairtime_api api
login chairtime_worker worker
own api/hold_token_secret "$CHAIRTIME"
share api/webhook_secret "$CHAIRTIME" worker/webhook_secret "$CHAIRTIME"

mkdir -p /volumes/proxy/caddy  # Docker gives an empty volume to the owner of the image's folder
chown "$PROXY" /volumes/proxy/caddy /volumes/proxy
