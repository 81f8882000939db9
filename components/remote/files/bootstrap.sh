# Makes a bare Debian or Ubuntu server ready: sudo, python3, the deploy user with its keys. Idempotent; only adds.
set -eu
umask 022
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8
fail() { echo "error: $1" >&2; echo "next: $2" >&2; exit 1; }
apt="apt-get --yes --quiet=2 --option=DPkg::Lock::Timeout=300 --option=Acquire::Retries=3"
# apt does not wait for the lock on the index, which a server that boots for the first time often holds; and its network
# may still be coming up, or a mirror be in the middle of an update. apt's last words are of use when it fails.
patiently() {
  left=150 tries=4
  while ! said=$("$@" 2>&1); do
    pause=2
    case $said in
      *"Could not get lock"*) left=$((left - 1)) ;;
      *"404  Not Found"* | *"No space left"*) left=0 ;;
      *"Failed to fetch"* | *"Temporary failure resolving"*)
        tries=$((tries - 1)) pause=5
        [ "$tries" -eq 0 ] || echo "a package mirror failed: trying again" >&2 ;;
      *) left=0 ;;
    esac
    if [ "$left" -eq 0 ] || [ "$tries" -eq 0 ]; then
      printf '%s\n' "$said" | tail -n 20 >&2
      return 1
    fi
    sleep "$pause"
  done
}

[ "$(id -u)" = 0 ] || fail "the bootstrap user is not root and has no sudo right" "give bootstrapUser of this host the right to run sudo without a password"
command -v apt-get >/dev/null || fail "this host has no apt-get" "only Debian 12, 13 and later and Ubuntu 24.04 are supported"

missing=
command -v sudo >/dev/null || missing="$missing sudo"
# python3-minimal has no json and no ssl
/usr/bin/python3 -c 'import json, ssl, ctypes, tarfile, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || missing="$missing python3"
if [ -n "$missing" ]; then
  echo "installing$missing" >&2
  # shellcheck disable=SC2086  # lists of words
  patiently $apt update --error-on=any || patiently $apt update || fail "apt-get update failed" "the host must reach its package mirrors"
  # shellcheck disable=SC2086  # lists of words
  patiently $apt install --no-install-recommends $missing || fail "apt-get install$missing failed" "see the lines above"
fi
/usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "python3 on this host is older than 3.11" "only Debian 12, 13 and later and Ubuntu 24.04 are supported"

id "$deploy_user" >/dev/null 2>&1 || useradd --create-home --key HOME_MODE=0750 --shell /bin/bash "$deploy_user"
home=$(getent passwd "$deploy_user" | cut -d: -f6)
install -d -m 0700 -o "$deploy_user" -g "$(id -gn "$deploy_user")" "$home/.ssh"
keys="$home/.ssh/authorized_keys"
[ -f "$keys" ] || install -m 0600 -o "$deploy_user" -g "$(id -gn "$deploy_user")" /dev/null "$keys"
# without keys in the settings, whoever may log in as the first user may log in as this one
[ -n "$authorized" ] || authorized=$(cat "$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)/.ssh/authorized_keys" 2>/dev/null || true)
printf '%s\n' "$authorized" | while IFS= read -r key; do
  [ -z "$key" ] || grep -qxF "$key" "$keys" || printf '%s\n' "$key" >>"$keys"
done

sudoers=/etc/sudoers.d/90-dhanman-deploy
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$deploy_user" >"$sudoers.new"
chmod 0440 "$sudoers.new"
visudo --check --quiet --file="$sudoers.new" || { rm -f "$sudoers.new"; fail "visudo refused the sudo right of $deploy_user" "check deployUser in the settings"; }
mv "$sudoers.new" "$sudoers"
echo "ready for $deploy_user"
