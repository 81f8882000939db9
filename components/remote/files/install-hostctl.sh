# Installs one version of hostctl in a folder of its own, then switches the stable path to it by rename.
set -eu
umask 022
root=$(dirname "$program")
folder="$root/hostctl-$version"
mkdir -p "$root"
if [ ! -d "$folder" ]; then
  scratch=$(mktemp -d "$root/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  base64 -d >"$scratch/archive.zip" <<'ARCHIVE'
@ARCHIVE@
ARCHIVE
  mkdir "$scratch/tree"
  /usr/bin/python3 -I -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' "$scratch/archive.zip" "$scratch/tree"
  /usr/bin/python3 -I -m compileall -q "$scratch/tree"
  chmod -R u=rwX,go=rX "$scratch/tree"
  mv "$scratch/tree" "$folder"
fi
cat >"$program.new" <<LAUNCHER
#!/usr/bin/python3 -I
import sys
sys.path.insert(0, "$folder")
from hostctl.__main__ import main
sys.exit(main(sys.argv[1:]))
LAUNCHER
chmod 0755 "$program.new"
mv "$program.new" "$program"
for old in "$root"/hostctl-*; do
  [ "$old" = "$folder" ] || rm -rf "$old"
done

install -d -m 0755 /var/lib/dhanman
install -d -m 0700 -o "$deploy_user" /var/lib/dhanman/uploads
recovery=/etc/systemd/system/dhanman-recover.service
cat >"$recovery.new" <<UNIT
[Unit]
Description=Dhanman: put back a change of access that was not confirmed before the power went
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target ssh.service
ConditionPathExists=$program

[Service]
Type=oneshot
ExecStart=$program recover

[Install]
WantedBy=sysinit.target
UNIT
if ! cmp -s "$recovery.new" "$recovery"; then
  mv "$recovery.new" "$recovery"
  systemctl daemon-reload
  systemctl enable --quiet dhanman-recover.service
else
  rm "$recovery.new"
fi
echo "hostctl $version"
