#!/bin/bash
set -euo pipefail
umask 077
. /etc/dhanman/backup.conf
date=$(date -u +%Y%m%d_%H%M%S)
for name in "${databases[@]}"; do
  file="$directory/${name}_$date.backup"
  pg_dump --format=custom --file="$file.partial" "$name"
  pg_restore --file=/dev/null "$file.partial"
  mv "$file.partial" "$file"
  cp "$file" "$bucket/"
  find "$directory" "$bucket" -maxdepth 1 -type f -name "${name}_*" -mtime "+$retention_days" -delete
done
pg_dumpall --globals-only --file="$directory/globals_$date.sql"
