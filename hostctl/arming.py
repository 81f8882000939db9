"""Changes that could lock the operator out: they revert by themselves unless a new connection confirms them."""

from __future__ import annotations

from hostctl.errors import HostError
from hostctl.report import progress
from hostctl.run import run
from hostctl.store import Store
from hostctl.undo import undo

HOSTCTL = "/usr/local/lib/dhanman/hostctl"


def _timer(unit: str) -> str:
    return f"dhanman-revert-{unit}"


def arm(unit: str, seconds: int) -> None:
    """From now on the host puts the old state back after ``seconds``, whatever becomes of this process."""
    disarm(unit)
    run(
        ["systemd-run", "--quiet", f"--unit={_timer(unit)}", f"--on-active={seconds}s",
         "--timer-property=AccuracySec=1s",
         HOSTCTL, "revert", unit],
    )  # fmt: skip
    progress(f"  armed: reverts in {seconds} s unless a new connection confirms")


def disarm(unit: str) -> None:
    """Stop the timer."""
    run(["systemctl", "stop", f"{_timer(unit)}.timer"], check=False)
    run(["systemctl", "reset-failed", f"{_timer(unit)}.service"], check=False)


def confirm(unit: str, store: Store) -> str:
    """The change is good: this connection was opened after it. Fails if it was already reverted."""
    manifest = store.manifest(unit)
    if manifest is None or manifest["status"] == "reverted":
        raise HostError(
            f"{unit}: the change was reverted, since no new connection confirmed it in time",
            hint="correct the ssh port or the firewall in the settings, then pulumi up",
        )
    if manifest["status"] != "armed":
        return f"{unit}: confirmed"
    disarm(unit)
    store.write_manifest(unit, manifest | {"status": "applied"})
    store.close_journal(unit)
    return f"{unit}: confirmed"


def revert(unit: str, store: Store) -> str:
    """Nobody confirmed: put the old state back and mark the unit, so that it counts as drifted."""
    manifest, journal = store.manifest(unit), store.journal(unit)
    if journal is None:
        return f"{unit}: nothing to revert"
    problems = undo(unit, store, journal["entries"])
    before = journal["manifest"] or manifest
    if before is not None:
        store.write_manifest(unit, before | {"status": "reverted"})
    if problems:
        raise HostError(
            f"{unit}: could not be put back: {'; '.join(problems)}",
            hint=f"correct the cause on the host, then there: hostctl revert {unit}",
        )
    return f"{unit}: reverted"


def recover(store: Store) -> list[str]:
    """At boot: a change that was armed when the power went is put back, its timer being gone."""
    done = []
    for unit in sorted({*store.units(), *store.interrupted()}):
        manifest, journal = store.manifest(unit), store.journal(unit)
        half_way = journal is not None and journal.get("armed")
        if half_way or (manifest and manifest["status"] == "armed"):
            try:
                done.append(revert(unit, store))
            except HostError as error:
                done.append(error.what)
    return done
