#!/bin/sh
# restore.sh DIRECTORY: replaces the databases by the dumps of backup.sh. Everything that uses them is stopped meanwhile.
set -eu
compose=${COMPOSE:-docker compose}
directory=$1
users="proxy api worker temporal-ui temporal"

for database in chairtime temporal temporal_visibility; do
  [ -s "$directory/$database.dump" ] || { echo "$directory/$database.dump is missing" >&2; exit 1; }
  # Reads all of it, as a dump that was copied in part looks well at its beginning.
  $compose exec -T postgres pg_restore --file /dev/null <"$directory/$database.dump" ||
    { echo "$directory/$database.dump is damaged; nothing was changed" >&2; exit 1; }
done
# shellcheck disable=SC2086
$compose stop $users
restore() {  # restore SERVICE DATABASE ROLE
  $compose exec -T "$1" dropdb --username postgres --force "$2"
  $compose exec -T "$1" createdb --username postgres --owner "$3" "$2"
  $compose exec -T "$1" psql --username postgres --quiet --command "revoke connect, temporary on database $2 from public"
  $compose exec -T "$1" pg_restore --username postgres --role "$3" --no-owner --exit-on-error --dbname "$2" \
    <"$directory/$2.dump"
}
restore temporal-postgres temporal temporal
restore temporal-postgres temporal_visibility temporal
restore postgres chairtime chairtime
$compose run --rm -T migrate migrate   # also gives the roles their rights in the new database
# Before API and workers start: else readers would take the events to come for those that they have seen.
tries=5
until $compose run --rm -T migrate restored; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || {
    echo "The databases are restored, but 'chairtime restored' fails. API and workers are still stopped. Repeat" >&2
    echo "'$compose run --rm migrate restored' until it succeeds, then '$compose up --detach'." >&2
    exit 1
  }
  sleep 5
done
$compose up --detach
