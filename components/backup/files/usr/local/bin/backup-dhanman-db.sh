#!/bin/bash
# Managed by the dhanman deployment. Dumps every database of one environment, checks each dump, uploads, then prunes.
# usage: backup-dhanman-db.sh ENVIRONMENT   (as user postgres; settings in /etc/dhanman/ENVIRONMENT/backup.conf)
set -euo pipefail
umask 077

environment=${1:?environment}
# shellcheck source=/dev/null  # written by the deployment: databases, directory, retention_days, bucket, port, status
. "/etc/dhanman/$environment/backup.conf"

# two runs at once would dump twice and prune under each other
exec 9>"$directory/.lock"
flock --nonblock 9 || { echo "error: another backup of $environment is running" >&2; exit 1; }
rm -f "$directory"/.*.partial.*

date=$(date -u +%Y%m%d_%H%M%S)
started=$(date +%s)
failed=()
sizes=()

# What monitoring reads, also of a run that was told to end: STATUS.json and the same as metrics beside it.
report() { # RESULT
  printf '%s\n' "${sizes[@]:-}" | jq -s --arg result "$1" --arg finished "$(date -u +%FT%TZ)" \
    --argjson seconds $(($(date +%s) - started)) --arg failed "$(IFS=$'\n'; echo "${failed[*]:-}")" --argjson uploaded "$([ -n "$bucket" ] && echo true || echo false)" \
    '($failed | split("\n")) as $failed | {result: $result, at: $finished, finished: $finished, seconds: $seconds,
      failed: $failed, problems: [$failed[] | if . == "broken off" then . else "no good backup of \(.)" end],
      uploaded: $uploaded, dumps: .}' \
    >"$status.new" && mv "$status.new" "$status" || return 1
  local metrics="${status%/*}/dumps.prom"
  jq -r '"dhanman_backup_dumps" as $p | [
    "# HELP \($p)_success 1 if every database was dumped, read back and uploaded",
    "# TYPE \($p)_success gauge", "\($p)_success \(if .result == "ok" then 1 else 0 end)",
    "# TYPE \($p)_time_seconds gauge", "\($p)_time_seconds \(.finished | fromdate)",
    "# TYPE \($p)_seconds gauge", "\($p)_seconds \(.seconds)",
    "# TYPE \($p)_bytes gauge", (.dumps[] | "\($p)_bytes{database=\"\(.name)\"} \(.bytes)")
    ] | .[]' "$status" >"$metrics.new" && chmod 0644 "$metrics.new" "$status" && mv "$metrics.new" "$metrics"
}

broken_off() {
  failed+=("broken off")
  report failed
}
trap broken_off EXIT

upload() { # FILE
  [ -z "$bucket" ] || dhanman-bucket "$bucket" put "$1"
}

# A dump counts when it has its final name; what is half written never has it. Its checksum is there before it is.
keep() { # TEMPORARY FINAL
  [ -s "$1" ] || { echo "error: $2 would be empty" >&2; return 1; }
  local digest
  digest=$(sha256sum <"$1") && echo "${digest%% *}  ${2##*/}" >"$1.sha256" &&
    sync "$1" "$1.sha256" && mv "$1.sha256" "$2.sha256" && mv "$1" "$2" && upload "$2.sha256" && upload "$2"
}

dump_database() { # NAME
  local final="$directory/${1}_$date.backup" temporary
  temporary=$(mktemp "$directory/.$1.partial.XXXXXX") || return 1
  # -F c is compressed already
  if pg_dump --port="$port" --format=custom --blobs --file="$temporary" "$1" &&
    pg_restore --file=/dev/null "$temporary" && keep "$temporary" "$final"; then
    sizes+=("$(jq -n --arg name "$1" --arg file "$final" --argjson bytes "$(stat -c %s "$final")" '$ARGS.named')")
    return 0
  fi
  rm -f "$temporary" "$temporary.sha256"
  return 1
}

# Roles and their passwords' verifiers are in no database's dump.
dump_globals() {
  local final="$directory/$environment-globals_$date.sql" temporary
  temporary=$(mktemp "$directory/.globals.partial.XXXXXX") || return 1
  if pg_dumpall --port="$port" --globals-only --file="$temporary" && keep "$temporary" "$final"; then return 0; fi
  rm -f "$temporary" "$temporary.sha256"
  return 1
}

prune() { # PREFIX: only after a good new one, so the newest is never what goes
  find "$directory" -maxdepth 1 -type f -name "${1}_*" -mtime "+$retention_days" -delete || return 1
  [ -z "$bucket" ] || dhanman-bucket "$bucket" prune "${1}_" "$retention_days"
}

for name in "${databases[@]}"; do
  echo "Backing up $name..."
  if dump_database "$name"; then prune "$name" || failed+=("$name (pruning)"); else failed+=("$name"); fi
done
if dump_globals; then
  prune "$environment-globals" || failed+=("$environment-globals (pruning)")
else
  failed+=("$environment-globals")
fi

result=ok
[ ${#failed[@]} = 0 ] || result=failed
trap - EXIT
report "$result"

if [ "$result" = failed ]; then
  echo "error: no good backup of: ${failed[*]}" >&2
  exit 1
fi
echo "Backup completed"
