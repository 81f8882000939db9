#!/bin/bash
# The floor: the same installations and settings one after the other, in one connection, with nothing to steer them.
# Runs in a folder with tree/ (the rendered files), service.tar.gz, frontend.tar.gz, id.pub and settings.sh.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
. ./settings.sh

changed=
put() { # PATH [MODE [OWNER [SOURCE]]]: sets changed if the file was not that already
  local source=tree${4:-$1} mode=${2:-644} owner=${3:-root:root}
  if cmp -s "$source" "$1"; then return; fi
  mkdir -p "$(dirname "$1")"
  install -m "$mode" -o "${owner%:*}" -g "${owner#*:}" "$source" "$1"
  changed=yes
}
took() { [ -n "$changed" ] || return 1; changed=; }

missing=$(comm -23 <(printf '%s\n' $packages | sort) <(dpkg-query -W -f '${Package}\n' | sort))
if [ -n "$missing" ]; then
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_InRelease' -mmin -1440)" ] || apt-get update -qq
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
ln -sfn "/usr/share/zoneinfo/$time_zone" /etc/localtime
id "$deploy_user" >/dev/null 2>&1 || useradd -m -s /bin/bash "$deploy_user"
install -d -m 700 -o "$deploy_user" -g "$deploy_user" "/home/$deploy_user/.ssh"
install -m 600 -o "$deploy_user" -g "$deploy_user" id.pub "/home/$deploy_user/.ssh/authorized_keys"
visudo -cqf "tree$sudoers_file"; put "$sudoers_file" 440
mkdir -p /opt/dhanman /etc/dhanman /etc/nginx/dhanman /var/www/frontend/build
install -d -m 750 -g adm /var/log/dhanman
install -d -m 750 -o postgres -g postgres /backups/postgresql /srv/dhanman/backups
for file in $base_files; do put "$file"; done
changed=
put "$journald_file"; if took; then systemctl restart systemd-journald; fi
put "$sysctl_file"; if took; then sysctl -q -p "$sysctl_file"; fi
put "$sshd_file"; if took; then sshd -t; systemctl reload ssh; fi
put "$firewall_file"; if took; then nft -c -f "$firewall_file"; systemctl enable -q --now nftables; systemctl reload nftables; fi
systemctl enable -q --now unattended-upgrades

for file in $postgres_files; do put "$file" 644 postgres:postgres; done
if took; then systemctl restart postgresql@18-main; fi
for file in $rabbitmq_files; do put "$file"; done
if ! grep -qs rabbitmq_prometheus /etc/rabbitmq/enabled_plugins; then
  echo '[rabbitmq_management,rabbitmq_prometheus].' >/etc/rabbitmq/enabled_plugins; changed=yes
fi
if took; then systemctl daemon-reload; systemctl restart rabbitmq-server; fi

runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -v password="$database_password" <<'SQL'
SELECT 'CREATE ROLE dhanman_user NOLOGIN' WHERE to_regrole('dhanman_user') IS NULL \gexec
SELECT format('CREATE ROLE dhanman_user_a LOGIN PASSWORD %L IN ROLE dhanman_user', :'password')
  WHERE to_regrole('dhanman_user_a') IS NULL \gexec
SQL
for service in $services; do
  echo "SELECT 'CREATE DATABASE \"dhanman-$service\" OWNER dhanman_user' WHERE NOT EXISTS
    (SELECT FROM pg_database WHERE datname = 'dhanman-$service') \\gexec"
done | runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1

if ! rabbitmqctl -q list_users | grep -q '^dhanman_a\b'; then
  rabbitmqctl -q add_vhost dhanman
  rabbitmqctl -q set_vhost_limits -p dhanman '{"max-connections": 1000}'
  # a throw-away password: with Erlang 29 rabbitmqctl fails to read it from standard input
  rabbitmqctl -q add_user dhanman_a "$broker_password"
  rabbitmqctl -q set_permissions -p dhanman dhanman_a '.*' '.*' '.*'
  rabbitmqctl -q delete_user guest
fi

started=
for service in $services; do
  name=dhanman-$service folder=/opt/dhanman/$service
  id "$name" >/dev/null 2>&1 || useradd --system --home-dir "/var/lib/$name" "$name"
  if ! cmp -s service.tar.gz "$folder.tar.gz"; then
    mkdir -p "$folder"; tar -xzf service.tar.gz -C "$folder"; cp service.tar.gz "$folder.tar.gz"; changed=yes
  fi
  put "$folder/appsettings.Local.json" 400 "$name:root"
  put "/etc/systemd/system/$name.service"
  if took; then started="$started $service"; fi
done
if [ -n "$started" ]; then
  systemctl daemon-reload
  systemctl enable -q $(printf 'dhanman-%s ' $started)
  systemctl restart $(printf 'dhanman-%s ' $started)
  for service in $started; do
    ask="curl -sf -o /dev/null --unix-socket /run/dhanman-$service/http.sock http://localhost/health/ready"
    timeout 60 sh -c "until $ask; do sleep 0.2; done"
  done
fi

put "$certificate_script" 755
for domain in $domains; do
  [ -f "/etc/dhanman/certificates/$domain/fullchain.pem" ] || "$certificate_script" "$domain"
done
if ! cmp -s frontend.tar.gz /var/www/frontend/build.tar.gz; then
  tar -xzf frontend.tar.gz -C /var/www/frontend/build; cp frontend.tar.gz /var/www/frontend/build.tar.gz
fi
changed=
for file in $nginx_files; do put "$file"; done
for site in $nginx_sites; do ln -sfn "/etc/nginx/sites-available/$site" "/etc/nginx/sites-enabled/$site"; done
rm -f /etc/nginx/sites-enabled/default
if took; then nginx -t -q; systemctl reload nginx; fi

put "$backup_script" 755
for file in $backup_files; do put "$file"; done
if took; then systemctl daemon-reload; systemctl enable -q --now dhanman-backup.timer; fi
