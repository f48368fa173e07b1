#!/bin/bash
# Puts the databases back to a backup. What was enrolled since is gone from here: ask the phones to send again.
#
#   deploy/restore.sh --yes DIRECTORY [LEDGER]
#
# Whoever was erased since the backup is erased again before anything serves: those of the ledger in its volume, of
# the database that is replaced, as far as it still answers, and of the file LEDGER, a copy from elsewhere.
#
# Everything but Postgres and Redis is stopped meanwhile. Redis is left as it is: its streams are ahead of the
# restored logs, which the relays notice at their start. They begin a new epoch at the last common position and
# say so (`a new epoch begins`); consumers that had gone further rebuild themselves from the log. Afterwards
# run the audit.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1:-}" != --yes ] || [ -z "${2:-}" ]; then
  echo 'usage: restore.sh --yes DIRECTORY [LEDGER]   (replaces all three databases)' >&2
  exit 2
fi
source=$2
copy=${3:-}
[ -z "$copy" ] || [ -r "$copy" ] || {
  echo "$copy cannot be read; nothing was done" >&2
  exit 2
}
(cd "$source" && sha256sum --check --quiet SHA256SUMS)

mapfile -t services < <(docker compose config --services | grep -vxE 'postgres|redis|databases|.*-migrate')
docker compose stop "${services[@]}"
docker compose up --detach --wait postgres redis

umask 077
ledger=$(mktemp)
trap 'rm -f "$ledger"' EXIT
erasures() { docker compose run --rm --no-deps -T enrolment-relay enrolment erasures "$@"; }
docker compose run --rm --no-deps -T --entrypoint cat enrolment-relay /var/lib/mitra/erasures.jsonl \
  >"$ledger" 2>/dev/null || echo 'The ledger in its volume is empty.' >&2
# Its last line may have been cut off.
echo >>"$ledger"
erasures export - >>"$ledger" || echo 'The database that is replaced tells of no erasures.' >&2
[ -z "$copy" ] || cat "$copy" >>"$ledger"

for database in enrolment certificates reporting; do
  docker compose exec -T postgres psql --username postgres --quiet --set ON_ERROR_STOP=1 \
    --command "DROP DATABASE IF EXISTS $database WITH (FORCE)"
done
docker compose run --rm databases
for database in enrolment certificates reporting; do
  docker compose exec -T postgres pg_restore --username postgres --dbname "$database" --single-transaction \
    --exit-on-error <"$source/$database.dump"
done

# Migrations run first: the backup may be older than the images. Then those who were erased since are erased again.
docker compose run --rm enrolment-migrate
erasures apply - <"$ledger" || {
  echo "The erasures since the backup are not applied: nothing was started, so that nobody comes back" >&2
  exit 1
}
docker compose up --detach --wait "${services[@]}"
echo "Restored from $source. Now: docker compose run --rm operator audit"
