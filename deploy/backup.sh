#!/bin/bash
# Dumps the three databases while everything runs.
#
#   deploy/backup.sh [DIRECTORY]        (a new one; by default deploy/backups/<time, UTC>)
#
# Each dump is exact in itself. Consumers go before those they read from, so that none is restored to a point
# that its producer's dump does not have yet. Redis needs no backup: it is filled again from the databases.
# The ledger of erasures is not in it either, on purpose: it must be newer than the backup (see README.md).
# The keys are not in it: keep a copy of the secrets apart, or sealed names cannot be read.
set -euo pipefail
cd "$(dirname "$0")"
umask 077

target=${1:-backups/$(date -u +%Y-%m-%dT%H%M%SZ)}
[ ! -e "$target" ] || {
  echo "$target exists; nothing was done" >&2
  exit 1
}
draft=$target.unfinished
rm -rf "$draft"
mkdir -p "$draft"

for database in reporting certificates enrolment; do
  docker compose exec -T postgres pg_dump --username postgres --format custom "$database" >"$draft/$database.dump"
  # Reads the dump from end to end: one that was cut short does not pass.
  docker compose exec -T postgres pg_restore --file /dev/null <"$draft/$database.dump"
done
(cd "$draft" && sha256sum ./*.dump >SHA256SUMS)
mv "$draft" "$target"
echo "Backed up to $target ($(du -sh "$target" | cut -f1))"
