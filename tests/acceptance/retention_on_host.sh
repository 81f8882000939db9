#!/bin/bash
# Runs as postgres on a test host: a small cluster whose clock is set back, with the options of the deployed pgBackRest.
# usage: retention_on_host.sh start | backup DAYS | expire DAYS | labels | restore DAYS | stop
set -euo pipefail

folder=/srv/retention
programs=/usr/lib/postgresql/18/bin
stanza=retention
restored="$folder/restored"

faked() { # DAYS COMMAND...: with the clock as it was so many days ago, or will be if negative
  # replaced in one step, since the server reads it whenever it asks for the time
  printf '%+dd\n' "$((-$1))" >"$folder/clock.new" && mv "$folder/clock.new" "$folder/clock"
  shift
  LD_PRELOAD=$(echo /usr/lib/*/faketime/libfaketime.so.1) FAKETIME_TIMESTAMP_FILE="$folder/clock" \
    FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 "$@"
}

backrest() { pgbackrest --config="$folder/pgbackrest.conf" --stanza="$stanza" "$@"; }
query() { psql --host="$folder" --port="$1" -XAtq -v ON_ERROR_STOP=1 --command="$2" postgres; }

# What the deployment has written, for another cluster and without the bucket, whose server would refuse such a clock.
configuration() {
  sed -E -e '/^repo2-/d' -e '1,/^\[global\]$/!{/^\[.*\]$/,$d}' -e 's/^archive-async=.*/archive-async=n/' \
    -e "s|^repo1-path=.*|repo1-path=$folder/repository|" -e "s|^(spool-path)=.*|\1=$folder/spool|" \
    -e "s|^(lock-path)=.*|\1=$folder/lock|" -e 's/^log-level-file=.*/log-level-file=off/' /etc/pgbackrest/pgbackrest.conf
  printf '[%s]\npg1-path=%s\npg1-port=5998\npg1-socket-path=%s\n' "$stanza" "$folder/data" "$folder"
}

start() { # DAYS
  mkdir -p "$folder"/{repository,spool,lock}
  configuration >"$folder/pgbackrest.conf"
  "$programs/initdb" --auth=trust "$folder/data" >"$folder/log"
  cat >>"$folder/data/postgresql.conf" <<X
listen_addresses = ''
unix_socket_directories = '$folder'
archive_mode = on
archive_command = 'pgbackrest --config=$folder/pgbackrest.conf --stanza=$stanza archive-push %p'
X
  faked "$1" "$programs/pg_ctl" --pgdata="$folder/data" --log="$folder/log" --options='-p 5998' --wait start >>"$folder/log"
  faked "$1" pgbackrest --config="$folder/pgbackrest.conf" --stanza="$stanza" stanza-create
  query 5998 'CREATE TABLE days (day int, at timestamptz)'
}

backup() { # DAYS: a row of that day, and a full backup, which expires what is too old by then
  faked "$1" true
  query 5998 "INSERT INTO days VALUES ($1, clock_timestamp())"
  faked "$1" pgbackrest --config="$folder/pgbackrest.conf" --stanza="$stanza" --type=full backup
  # a row of the same day that only the archive has
  query 5998 "INSERT INTO days VALUES ($1, clock_timestamp())"
  query 5998 'SELECT pg_switch_wal()' >/dev/null
}

restore() { # DAYS: to noon between the first row of that day and the next day's; prints the rows that are there
  rm -rf "$restored"
  local target
  target=$(faked "$1" date --utc '+%F %T+00' --date='1 hour')
  backrest --pg1-path="$restored" --type=time --target="$target" --target-action=promote restore
  "$programs/pg_ctl" --pgdata="$restored" --log="$folder/restored.log" --options='-p 5997 -c archive_mode=off' \
    --wait start >>"$folder/log"
  query 5997 'SELECT day, count(*) FROM days GROUP BY day ORDER BY day DESC'
  "$programs/pg_ctl" --pgdata="$restored" --mode=immediate stop >>"$folder/log"
}

case $1 in
start) start "$2" ;;
backup) backup "$2" ;;
expire) faked "$2" pgbackrest --config="$folder/pgbackrest.conf" --stanza="$stanza" expire ;;
labels) backrest --output=json info | jq -r '.[0].backup[].label' ;;
restore) restore "$2" ;;
stop) "$programs/pg_ctl" --pgdata="$folder/data" --mode=immediate stop ;;
esac
