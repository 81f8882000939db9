"""Whether the environment really stands after a run, asked in the same way whichever tool made it.

Without this, a tool that left something out would be the fastest.
"""

from __future__ import annotations

import testbed
from bench.errors import BenchError

_CHECKS = r"""
set -u
status() { curl --silent --insecure --noproxy '*' --max-time 20 --output /dev/null --write-out '%{http_code}' \
  --resolve "$1:443:127.0.0.1" "${@:3}" "https://$1$2"; }
same() { [ "$2" = "$3" ] || echo "$1: $2 instead of $3"; }
for name in common community inventory payroll purchase sales; do
  same "https://$name.dhanman.test/health/ready" "$(status $name.dhanman.test /health/ready)" 200
done
same 'https://app.dhanman.test/' "$(status app.dhanman.test /)" 200
sql() { runuser -u postgres -- psql -XAtc "$1"; }
same 'databases' "$(sql "select count(*) from pg_database where datname like '%dhanman-%'")" 6
same 'shared_buffers' "$(sql 'show shared_buffers')" 1GB
same 'firewall' "$(nft list table inet dhanman | grep -c 'policy drop')" 1
same 'sshd: passwords' "$(sshd -T | awk 'tolower($1) == "passwordauthentication" { print $2 }')" no
same 'backup timers' "$(systemctl list-timers --no-legend 'dhanman-backup*' | wc -l)" 1
same 'users of the broker' "$(rabbitmqctl -q list_users | tail -n +2 | wc -l)" 1
head --bytes=15M /dev/zero > /tmp/body
same 'a body of 15 MiB' "$(status common.dhanman.test /echo --request POST --data-binary @/tmp/body)" "$BODY_STATUS"
rm /tmp/body
"""


def environment_works(host: testbed.Host, body_size: int) -> None:
    """Raise ``BenchError`` with what is missing. ``body_size``: MiB that NGINX takes."""
    expected = 200 if body_size > 15 else 413
    done = host.exec(["bash", "-c", f"BODY_STATUS={expected}\n{_CHECKS}"], check=False)
    problems = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if problems:
        raise BenchError("the environment is not what it should be: " + "; ".join(problems[:10]))
