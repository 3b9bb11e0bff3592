#!/bin/sh
# Replaces the processes of the named services (default: worker, then api) by new ones of the image as it is now, one after
# another: an old one ends when a new one beside it is healthy. Where a request meets an ending process, the proxy sends
# it to another one (deploy/proxy/Caddyfile says which requests).
set -eu
compose=${COMPOSE:-docker compose}

unhealthy() {  # unhealthy SERVICE CONTAINER
  echo "$1: $2 is not healthy; the old processes still run."
  echo "Read 'docker logs $2'. To give up: 'docker rm --force $2'."
}

wait_until_healthy() {  # wait_until_healthy SERVICE: all its processes
  tries=90
  for id in $($compose ps -q "$1"); do
    until [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]; do
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || { unhealthy "$1" "$id" >&2; exit 1; }
      sleep 1
    done
  done
}

for service in ${*:-worker api}; do
  old=$($compose ps -q "$service")
  count=$(echo "$old" | wc -w)
  [ "$count" -gt 0 ] || { echo "$service: no process runs; start it with '$compose up --detach $service'" >&2; exit 1; }
  for process in $old; do
    $compose up --detach --no-deps --no-recreate --scale "$service=$((count + 1))" "$service"
    wait_until_healthy "$service"
    docker stop --time 15 "$process" >/dev/null
    docker rm "$process" >/dev/null
  done
  echo "$service: $count processes replaced"
done
