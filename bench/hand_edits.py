"""What people do to servers by hand: each edit with the difference that it must be found as."""

from __future__ import annotations

from dataclasses import dataclass

SALES = "dhanman-sales-local"
NGINX = "/etc/nginx/dhanman"
SQL = "runuser -u postgres -- psql -XAtqc"
BROKER = "rabbitmqctl --quiet"


@dataclass(frozen=True)
class Edit:
    """``command``: run as root on the host. ``difference``: what an observation must say, word for word."""

    command: str
    difference: str


EDITS = (
    Edit(f"echo '# by hand' >>{NGINX}/tls.conf", f"file:{NGINX}/tls.conf: content"),
    Edit(f"chmod 0666 {NGINX}/proxy.conf", f"file:{NGINX}/proxy.conf: mode 0666 -> 0644"),
    Edit(f"chown www-data {NGINX}/headers.conf", f"file:{NGINX}/headers.conf: owner www-data -> root"),
    Edit(
        "rm /etc/dhanman/logs.d/dhanman-payroll-local.json",
        "file:/etc/dhanman/logs.d/dhanman-payroll-local.json: missing",
    ),
    Edit(
        "chmod 0644 /etc/dhanman/local/bucket.json",
        "file:/etc/dhanman/local/bucket.json: mode 0644 -> 0400",
    ),
    Edit(
        "for slot in blue green; do echo ' ' >>/etc/dhanman/local/common/$slot/appsettings.Local.json; done",
        "deployment:/opt/dhanman/local/common: settings were changed",
    ),
    Edit(
        "mv /etc/timezone /root/timezone && ln -s /root/timezone /etc/timezone",
        "file:/etc/timezone: is a symlink",
    ),
    Edit("echo '# by hand' >>/etc/sysctl.d/60-dhanman.conf", "file:/etc/sysctl.d/60-dhanman.conf: content"),
    Edit(
        "echo '# by hand' >>'/etc/systemd/system/dhanman-inventory-local@.service'",
        "file:/etc/systemd/system/dhanman-inventory-local@.service: content",
    ),
    Edit(
        "echo '# by hand' >>/etc/ssh/sshd_config.d/00-dhanman.conf",
        "file:/etc/ssh/sshd_config.d/00-dhanman.conf: content",
    ),
    Edit(
        "chmod -x /usr/local/bin/backup-dhanman-db.sh",
        "file:/usr/local/bin/backup-dhanman-db.sh: mode 0644 -> 0755",
    ),
    Edit(
        "sed -i 's/^work_mem.*/work_mem = 1MB/' /etc/postgresql/18/main/conf.d/dhanman.conf",
        "file:/etc/postgresql/18/main/conf.d/dhanman.conf: content",
    ),
    Edit(
        "echo 'host all all 198.51.100.0/24 trust' >>/etc/postgresql/18/main/dhanman_hba.conf",
        "file:/etc/postgresql/18/main/dhanman_hba.conf: content",
    ),
    Edit(
        "sed -i 's/^heartbeat.*/heartbeat = 7/; $a # by hand' /etc/rabbitmq/rabbitmq.conf",
        "file:/etc/rabbitmq/rabbitmq.conf: content",
    ),
    Edit(
        "echo 'server_tokens on;' >/etc/nginx/conf.d/quick-fix.conf",
        "directory:/etc/nginx/conf.d: quick-fix.conf does not belong there",
    ),
    Edit(
        "touch /etc/nginx/sites-enabled/test",
        "directory:/etc/nginx/sites-enabled: test does not belong there",
    ),
    Edit(
        "cp /etc/dhanman/local/bucket.json /etc/dhanman/local/sales/appsettings.bak",
        "directory:/etc/dhanman/local/sales: appsettings.bak does not belong there",
    ),
    Edit("mkdir /etc/dhanman/logs.d/old", "directory:/etc/dhanman/logs.d: old does not belong there"),
    Edit("chmod 0777 /etc/dhanman/local", "directory:/etc/dhanman/local: mode 0777 -> 0755"),
    Edit("rm -r /var/www/acme", "directory:/var/www/acme: missing"),
    Edit("chown deploy /var/log/dhanman/local", "directory:/var/log/dhanman/local: owner deploy -> root"),
    Edit(
        "ln -sfn /tmp /var/www/local/dhanman-sales",
        "symlink:/var/www/local/dhanman-sales: -> /tmp instead of",
    ),
    Edit(
        "rm /etc/nginx/sites-enabled/dhanman-local-frontend",
        "symlink:/etc/nginx/sites-enabled/dhanman-local-frontend: missing",
    ),
    Edit("echo >/etc/nginx/sites-enabled/default", "absent:/etc/nginx/sites-enabled/default: is there"),
    Edit("echo >/etc/logrotate.d/postgresql-common", "absent:/etc/logrotate.d/postgresql-common: is there"),
    Edit("dpkg --force-depends --remove less", "packages:base: less is not installed"),
    Edit("apt-mark hold nginx", "packages:gateway-local: nginx is held back"),
    Edit("sysctl -qw vm.swappiness=61", "sysctl:vm.swappiness: 61 -> 10"),
    Edit("sysctl -qw net.ipv4.tcp_keepalive_time=7201", "sysctl:net.ipv4.tcp_keepalive_time: 7201 -> 600"),
    Edit(
        "systemctl stop 'dhanman-purchase-local@*'",
        "deployment:/opt/dhanman/local/purchase: ",
    ),
    Edit(
        "systemctl disable --quiet dhanman-community-local",
        "service:dhanman-community-local.service: disabled",
    ),
    Edit(
        "systemctl disable --quiet dhanman-backup-local.timer",
        "service:dhanman-backup-local.timer: disabled",
    ),
    Edit("systemctl stop dhanman-logrotate.timer", "service:dhanman-logrotate.timer: inactive"),
    Edit("systemctl mask --quiet --now unattended-upgrades", "service:unattended-upgrades.service: masked"),
    Edit(
        f"mkdir -p /etc/systemd/system/{SALES}@.service.d && "
        f"printf '[Service]\\nNice=5\\n' >/etc/systemd/system/{SALES}@.service.d/override.conf && "
        "systemctl daemon-reload",
        f"deployment:/opt/dhanman/local/sales: overridden by /etc/systemd/system/{SALES}@.service.d/override.conf",
    ),
    Edit("nft add rule inet dhanman input tcp dport 9999 accept", "firewall:dhanman: rules were changed"),
    Edit(f"{SQL} 'ALTER ROLE dhanman_user_a SUPERUSER'", "postgres_role:dhanman_user_a: has SUPERUSER"),
    Edit(f"{SQL} \"ALTER ROLE dhanman_user_a PASSWORD 'by-hand'\"", "postgres_role:dhanman_user_a: password"),
    Edit(
        f"{SQL} 'ALTER DATABASE \"local-dhanman-sales\" OWNER TO postgres'",
        "postgres_database:local-dhanman-sales: owner postgres -> dhanman_user",
    ),
    Edit(
        f"{SQL} 'GRANT CONNECT ON DATABASE \"local-dhanman-payroll\" TO PUBLIC'",
        "postgres_database:local-dhanman-payroll: everybody may connect",
    ),
    Edit(
        f"{SQL} 'DROP DATABASE \"local-dhanman-inventory\" WITH (FORCE)'",
        "postgres_database:local-dhanman-inventory: missing",
    ),
    Edit(f"{BROKER} add_user guest guest", "rabbitmq_definitions:local: user guest is there"),
    Edit(
        f"{BROKER} clear_permissions -p local dhanman_a",
        "rabbitmq_definitions:local: user dhanman_a: permissions",
    ),
    Edit(
        f"{BROKER} set_vhost_limits -p local '{{\"max-connections\": 7}}'",
        "rabbitmq_definitions:local: limit max-connections",
    ),
    Edit(
        "echo '# by hand' >>$(find /opt/dhanman/local/payroll/releases/*/ -type f | head -1)",
        "release:/opt/dhanman/local/payroll: files of version",
    ),
    Edit(
        "usermod --shell /bin/bash dhanman-common-local",
        "user:dhanman-common-local: shell /bin/bash -> /usr/sbin/nologin",
    ),
    Edit(
        "rm /etc/dhanman/certificates/common.dhanman.test/fullchain.pem",
        "local_certificate:common.dhanman.test: missing",
    ),
)
"""More than 40, of 14 kinds."""
