# Facts of one host, each a line "key value". Needs nothing but what every Debian and Ubuntu server has, changes
# nothing, and waits for no tool longer than its limit. Braces: the shell reads all of it before anything can eat stdin.
{
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
quickly() { timeout --kill-after=1 5 "$@" 2>/dev/null; }

echo "began $(date +%s.%N)"
if [ "$(id -u)" = 0 ]; then root=
elif quickly sudo -n true; then root="sudo -n"
else root=false
fi
[ "$root" = false ] || echo "root yes"

(
  . /etc/os-release
  echo "os-id ${ID:-}"
  echo "os-version ${VERSION_ID:-}"
  echo "os-name ${PRETTY_NAME:-}"
)
awk '/^MemTotal:/ { print "memory", $2 } /^SwapTotal:/ { print "swap", $2 }' /proc/meminfo
echo "cores $(getconf _NPROCESSORS_ONLN)"
echo "synchronised $(quickly timedatectl show --property=NTPSynchronized --value)"
echo "container $(quickly systemd-detect-virt --container)"

for path in / /var /var/lib/postgresql /opt; do
  [ -d "$path" ] || continue
  quickly df -Pk "$path" | awk 'NR == 2 { print "disk", $2, $3, $4, $6 }'
  quickly df -Pi "$path" | awk 'NR == 2 { print "inodes", $2, $4, $6 }'
done

quickly systemctl list-units --state=failed --plain --no-legend --no-pager | awk '{ print "failed", $1 }'
if [ -e /run/reboot-required ]; then
  echo "reboot $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
fi

if [ "$root" = false ]; then
  quickly ss -Hltun | awk '{ print "listen", $1, $5 }'
else
  # shellcheck disable=SC2086  # nothing, or two words
  quickly $root ss -Hltunp | awk '{ print "listen", $1, $5, $7 }'
fi

program=/usr/local/lib/dhanman/hostctl
memory=/var/lib/dhanman
if [ -e "$program" ]; then
  sed -n 's|.*/hostctl-\([0-9a-f]*\)".*|hostctl \1|p' "$program"
  # shellcheck disable=SC2086
  {
    quickly $root ls "$memory/journals" | sed -n 's|^\([^.].*\)\.json$|journal \1|p'
    quickly $root grep -rlF '"status": "armed"' "$memory/manifests" | sed 's|.*/\(.*\)\.json$|armed \1|'
    quickly $root grep -rlF '"status": "reverted"' "$memory/manifests" | sed 's|.*/\(.*\)\.json$|reverted \1|'
    [ "$root" = false ] ||
      printf 'observed %s\n' "$(timeout --kill-after=1 20 $root "$program" observe 2>/dev/null | tr -d '\n')"
  }
fi
echo "ended $(date +%s.%N)"
exit 0
} </dev/null
