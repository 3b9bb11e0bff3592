#!/bin/sh
# Replaces the processes of the named services (default: worker, then api) by new ones of the image as it is now. The
# new ones start beside the old ones, and these end only when all new ones are healthy. Where a request meets an ending
# process, the proxy sends it to another one (deploy/proxy/Caddyfile says which requests).
set -eu
compose=${COMPOSE:-docker compose}

for service in ${*:-worker api}; do
  old=$($compose ps -q "$service")
  count=$(echo "$old" | wc -w)
  $compose up --detach --no-deps --no-recreate --scale "$service=$((2 * count))" "$service"
  tries=90
  for id in $($compose ps -q "$service"); do
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || { echo "$service: $id is not healthy; the old processes still run" >&2; exit 1; }
      sleep 1
    done
  done
  # shellcheck disable=SC2086
  docker stop --time 15 $old >/dev/null
  # shellcheck disable=SC2086
  docker rm $old >/dev/null
  echo "$service: $count processes replaced"
done
