#!/usr/bin/env bash
# operators-half.sh PROGRAM SERVICE – fails when the desktop program, built by itself, carries what only those need who run a CA: the
# console, password hashing, mail, PostgreSQL. Each text looked for must be in the program ca-service.
set -euo pipefail
program=$1 service=$2
for text in console.nav.overview console.login.title /console/operators argon2id "EHLO " PGPASSWORD; do
  grep -aqF -- "$text" "$service" || { echo "\"$text\" is not in $service any more: look for another text" >&2; exit 1; }
  ! grep -aqF -- "$text" "$program" || { echo "$program carries \"$text\"" >&2; exit 1; }
done
