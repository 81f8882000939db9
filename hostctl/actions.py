"""What changed things call for: each action once, in a fixed order, reload rather than restart."""

from __future__ import annotations

from pathlib import Path

from hostctl.errors import HostError
from hostctl.psql import execute, query
from hostctl.report import progress
from hostctl.run import run
from hostctl.systemd import properties, tell

ORDER = ("daemon-reload", "tmpfiles", "sysctl", "postgres-reload", "reload", "restart")
"""Verbs in the order in which they run."""


def ordered(actions: set[str]) -> list[str]:
    """The actions in their order. A restart makes a reload of the same unit superfluous."""
    for action in actions:
        if action.split()[0] not in ORDER:
            raise HostError(f"unknown action: {action}", hint="run pulumi up again from the project")
    restarted = {a.split()[1] for a in actions if a.startswith("restart ")}
    kept = [a for a in actions if not (a.startswith("reload ") and a.split()[1] in restarted)]
    return sorted(kept, key=lambda action: (ORDER.index(action.split()[0]), action))


def perform(action: str) -> bool:
    """Run one action. False if there was nothing to do (the unit is not running; its Service will start it)."""
    verb, _, argument = action.partition(" ")
    if verb == "daemon-reload":
        run(["systemctl", "daemon-reload"])
        return True
    if verb == "tmpfiles":
        return _on_file(argument, "systemd-tmpfiles", "--create")
    if verb == "sysctl":
        return _on_file(argument, "sysctl", "--quiet", "--load")
    if verb == "postgres-reload":
        return _postgres_reload(argument)
    return _tell(verb, argument)


def _on_file(path: str, *command: str) -> bool:
    if not Path(path).is_file():
        return False
    run([*command, path])
    return True


def _tell(verb: str, unit: str) -> bool:
    state = properties(unit)["ActiveState"]
    if state == "inactive":
        return False
    if state == "failed":
        run(["systemctl", "reset-failed", unit], check=False)
        verb = "restart"
    tell(verb, unit)
    return True


def _postgres_reload(cluster: str) -> bool:
    """Reload; restart only if a changed setting waits for it (``pg_settings.pending_restart``)."""
    version, name = cluster.split("/")
    unit = f"postgresql@{version}-{name}.service"
    if properties(unit)["ActiveState"] != "active":
        return _tell("restart", unit)
    port = int(run(["pg_conftool", "--short", version, name, "show", "port"]).stdout.strip() or 5432)
    # the running server may still listen on the former port when that is what changed
    before = query(port, "SELECT json_build_object('loaded', pg_conf_load_time());")
    if not before:
        return _tell("restart", unit)
    execute(port, "SELECT pg_reload_conf()")
    waiting = query(port, _PENDING)
    if waiting and waiting["names"]:
        progress(f"  PostgreSQL restart needed: {', '.join(waiting['names'])}")
        return _tell("restart", unit)
    return True


_PENDING = (
    # pg_reload_conf() only sends a signal: wait until this session sees the new files, 5 s at most
    "DO $$ DECLARE asked timestamptz := clock_timestamp(); BEGIN"
    " WHILE pg_conf_load_time() < asked - interval '1 s' AND clock_timestamp() < asked + interval '5 s' LOOP"
    " PERFORM pg_sleep(0.02); END LOOP; PERFORM pg_sleep(0.1); END $$;"
    " SELECT json_build_object('names', coalesce((SELECT json_agg(name ORDER BY name) FROM pg_settings"
    " WHERE pending_restart), '[]'::json));"
)
