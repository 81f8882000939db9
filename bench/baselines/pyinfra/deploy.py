"""The environment of Pulumi.local.yaml as people write it for pyinfra."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pyinfra import host
from pyinfra.facts.postgres import PostgresRoles
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, postgres, server, systemd

BASELINES = Path(__file__).resolve().parent.parent
TEMPLATES = BASELINES / "templates"
VARS: dict[str, Any] = yaml.safe_load((BASELINES / "vars.yml").read_text())
VARS["client_max_body_size"] = host.data.get("client_max_body_size") or VARS["client_max_body_size"]
SERVICES: list[dict[str, Any]] = VARS["services"]
PUBLIC_KEY = Path(os.environ["BENCH_PUBLIC_KEY_FILE"]).read_text().strip()
POSTGRES = {"_su_user": "postgres"}


def template(path: str, mode: str = "644", source: str = "", **values: Any) -> Any:
    """A template below its own path, or of another one."""
    owner = {name: values.pop(name) for name in ("user", "group") if name in values}
    src = str(TEMPLATES / (source or path).lstrip("/"))
    return files.template(name=path, src=src, dest=path, mode=mode, **owner, **VARS, **values)


def any_of(operations: list[Any]) -> Callable[[], bool]:
    """Whether one of them changed something."""
    return lambda: any(operation.did_change() for operation in operations)


apt.packages(name="packages", packages=VARS["packages"], update=True, cache_time=86400, no_recommends=True)
files.link(
    name="time zone", path="/etc/localtime", target=f"/usr/share/zoneinfo/{VARS['time_zone']}", force=True
)
server.user(
    name="deploy user",
    user=VARS["deploy_user"],
    shell="/bin/bash",
    ensure_home=True,
    home=f"/home/{VARS['deploy_user']}",
    public_keys=[PUBLIC_KEY],
)
template(VARS["sudoers_file"], "440")

for path in ("/opt/dhanman", "/etc/dhanman", "/etc/nginx/dhanman", "/var/www/frontend/build"):
    files.directory(name=path, path=path, mode="755")
files.directory(name="logs", path="/var/log/dhanman", mode="750", group="adm")
for path in ("/backups/postgresql", "/srv/dhanman/backups"):
    files.directory(name=path, path=path, mode="750", user="postgres", group="postgres")

for path in VARS["base_files"]:
    template(path)
journald = template(VARS["journald_file"])
systemd.service(name="restart journald", service="systemd-journald", restarted=True, _if=journald.did_change)
sysctl = template(VARS["sysctl_file"])
server.shell(name="sysctl", commands=[f"sysctl -q -p {VARS['sysctl_file']}"], _if=sysctl.did_change)
systemd.service(name="upgrades", service="unattended-upgrades", running=True, enabled=True)
sshd = template(VARS["sshd_file"])
server.shell(name="reload sshd", commands=["sshd -t && systemctl reload ssh"], _if=sshd.did_change)
rules = template(VARS["firewall_file"])
systemd.service(name="firewall", service="nftables", running=True, enabled=True)
server.shell(name="reload firewall", commands=["nft -c -f /etc/nftables.conf && systemctl reload nftables"],
             _if=rules.did_change)  # fmt: skip

tuned = [template(path, user="postgres", group="postgres") for path in VARS["postgres_files"]]
systemd.service(name="restart PostgreSQL", service="postgresql@18-main", restarted=True, _if=any_of(tuned))
postgres.role(name="owner", role="dhanman_user", login=False, **POSTGRES)
# the operation itself sets a password anew each time
if "dhanman_user_a" not in (host.get_fact(PostgresRoles, _su_user="postgres") or {}):
    postgres.role(name="login", role="dhanman_user_a", password=VARS["database_password"], **POSTGRES)
IS_MEMBER = (
    "psql -XAtc \"select pg_has_role('dhanman_user_a', 'dhanman_user', 'member')\" 2>/dev/null || true"
)
if (host.get_fact(Command, command=IS_MEMBER, _su_user="postgres") or "").strip() != "t":
    server.shell(name="membership", commands=['psql -Xqc "grant dhanman_user to dhanman_user_a"'], **POSTGRES)
for service in SERVICES:
    name = f"dhanman-{service['name']}"
    postgres.database(name=name, database=name, owner="dhanman_user", encoding="UTF8", **POSTGRES)

broker = [template(path) for path in VARS["rabbitmq_files"]]
ENABLED = "cat /etc/rabbitmq/enabled_plugins 2>/dev/null || true"
if "rabbitmq_prometheus" not in (host.get_fact(Command, command=ENABLED) or ""):
    plugins = "rabbitmq-plugins -q enable --offline rabbitmq_management rabbitmq_prometheus"
    broker.append(server.shell(name="plugins", commands=[plugins]))
systemd.service(
    name="restart RabbitMQ", service="rabbitmq-server", restarted=True, daemon_reload=True, _if=any_of(broker)
)
systemd.service(name="RabbitMQ", service="rabbitmq-server", running=True, enabled=True)
LISTED = (
    "{ rabbitmqctl -q list_vhosts; rabbitmqctl -q list_users; rabbitmqctl -q list_permissions -p dhanman; } "
    "2>/dev/null || true"
)
listed = str(host.get_fact(Command, command=LISTED) or "").split()
if "dhanman" not in listed:
    limits = "rabbitmqctl -q set_vhost_limits -p dhanman '{\"max-connections\": 1000}'"
    server.shell(name="virtual host", commands=["rabbitmqctl -q add_vhost dhanman", limits])
if "dhanman_a" not in listed:
    # a throw-away password: with Erlang 29 rabbitmqctl fails to read it from standard input
    add = f"rabbitmqctl -q add_user dhanman_a '{VARS['broker_password']}'"
    allow = "rabbitmqctl -q set_permissions -p dhanman dhanman_a '.*' '.*' '.*'"
    server.shell(name="broker user", commands=[add, allow])
if "guest" in listed or not listed:
    server.shell(name="no guest", commands=["rabbitmqctl -q delete_user guest"])

units = []
for service in SERVICES:
    name, folder = f"dhanman-{service['name']}", f"/opt/dhanman/{service['name']}"
    server.user(
        name=name, user=name, system=True, home=f"/var/lib/{name}", create_home=False, ensure_home=False
    )
    files.directory(name=folder, path=folder, mode="755")
    artifact = files.put(
        name=f"artifact {name}", src=os.environ["BENCH_SERVICE_ARTIFACT"], dest=f"/opt/dhanman/{name}.tar.gz"
    )
    unpack = f"tar -xzf /opt/dhanman/{name}.tar.gz -C {folder}"
    server.shell(name=f"unpack {name}", commands=[unpack], _if=artifact.did_change)
    settings = template(
        f"{folder}/appsettings.Local.json", "400", "/opt/dhanman/service/appsettings.Local.json",
        user=name, service=service,
    )  # fmt: skip
    source = "/etc/systemd/system/dhanman-service.service"
    unit = template(f"/etc/systemd/system/{name}.service", source=source, service=service)
    changed = any_of([artifact, settings, unit])
    systemd.service(name=f"restart {name}", service=name, restarted=True, daemon_reload=True, _if=changed)
    systemd.service(name=name, service=name, running=True, enabled=True)
    units.append((name, changed))
for name, changed in units:
    ask = f"curl -sf -o /dev/null --unix-socket /run/{name}/http.sock http://localhost/health/ready"
    wait = f"timeout 60 sh -c 'until {ask}; do sleep 0.2; done'"
    server.shell(name=f"wait for {name}", commands=[wait], _if=changed)

template(VARS["certificate_script"], "755")
for domain in (*(service["domain"] for service in SERVICES), VARS["frontend_domain"]):
    chain = f"/etc/dhanman/certificates/{domain}/fullchain.pem"
    if not host.get_fact(Command, command=f"test -f {chain} && echo yes || true"):
        server.shell(name=f"certificate {domain}", commands=[f"{VARS['certificate_script']} {domain}"])
build = files.put(
    name="front end", src=os.environ["BENCH_FRONTEND_ARTIFACT"], dest="/var/www/frontend/build.tar.gz"
)
server.shell(
    name="unpack the front end",
    commands=["tar -xzf /var/www/frontend/build.tar.gz -C /var/www/frontend/build"],
    _if=build.did_change,
)
nginx = [template(path) for path in VARS["nginx_files"]]
for site in VARS["nginx_sites"]:
    enabled, available = f"/etc/nginx/sites-enabled/{site}", f"/etc/nginx/sites-available/{site}"
    nginx.append(files.link(name=f"site {site}", path=enabled, target=available))
nginx.append(files.link(name="no default site", path="/etc/nginx/sites-enabled/default", present=False))
systemd.service(name="NGINX", service="nginx", running=True, enabled=True)
server.shell(name="reload NGINX", commands=["nginx -t -q && systemctl reload nginx"], _if=any_of(nginx))

template(VARS["backup_script"], "755")
backup = [template(path) for path in VARS["backup_files"]]
systemd.service(
    name="restart the backup timer", service="dhanman-backup.timer", restarted=True, daemon_reload=True,
    _if=any_of(backup),
)  # fmt: skip
systemd.service(name="backup timer", service="dhanman-backup.timer", running=True, enabled=True)
