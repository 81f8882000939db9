"""What can be done with hosts, whatever runs them: behind the command line and ``testbed.Host``."""

from __future__ import annotations

import time
from dataclasses import replace

from testbed import keys, network, ssh, state
from testbed.driver import Driver, chosen_driver, driver
from testbed.errors import TestbedError
from testbed.paths import Clone, check_name
from testbed.process import POLL_SECONDS, run, wait_until
from testbed.progress import note, step
from testbed.state import Disk, HostRecord, Snapshot

DEFAULT_SUITE = "forky"
BOOT_SECONDS = 90
SETTLE_SECONDS = 30
_ASK_INSIDE_AFTER = 10


def up(
    clone: Clone,
    name: str,
    *,
    suite: str | None = None,
    from_snapshot: str | None = None,
    address: str | None = None,
    apt_cache: bool = True,
) -> HostRecord:
    """Return a host that runs and answers: the one there is, booted if need be, or a new one.

    Raises ``TestbedError`` if the host there is has another suite or address than the one asked for.
    """
    check_name(name)
    clone.prepared()
    with state.host_lock(clone, name):
        record = state.find_host(clone, name)
        if record is not None:
            _check_same(record, suite, address)
            ready = driver(clone, record.driver)
            if ready.is_running(record) and _comes_up(ready, record):
                return record
        else:
            keys.login_public_key(clone)
            ready = chosen_driver(clone)
            disk = _disk(clone, ready, name, suite, from_snapshot)
            try:
                record = ready.create(name, disk, address=address, apt_cache=apt_cache)
            except BaseException:
                ready.destroy(name)  # half a host would be taken for a whole one
                raise
        try:
            return _boot(clone, ready, record)
        except TestbedError:
            if not ready.is_running(record):
                ready.kill(record)
            raise


def down(clone: Clone, name: str) -> None:
    """Destroy a host with its disk. Nothing happens if it is not there."""
    check_name(name)
    clone.prepared()
    with state.host_lock(clone, name):
        record = state.find_host(clone, name)
        if record is None:
            return
        with step(f"removing {name}"):
            owner = driver(clone, record.driver)
            owner.destroy(name)
    if not state.all_hosts(clone):
        owner.close()


def stop(clone: Clone, name: str) -> None:
    """Shut a host down and keep its disk."""
    with state.host_lock(clone, name):
        record = state.get_host(clone, name)
        owner = driver(clone, record.driver)
        if owner.is_running(record):
            with step(f"stopping {name}"):
                owner.stop(record)


def reboot(clone: Clone, name: str) -> HostRecord:
    """End a host at once, as a power cut does, and boot it again with its disk."""
    with state.host_lock(clone, name):
        record = state.get_host(clone, name)
        owner = driver(clone, record.driver)
        owner.kill(record)
        return _boot(clone, owner, record)


def snapshot(clone: Clone, name: str, snapshot_name: str) -> Snapshot:
    """Keep a host's disk under a name; a running host is shut down for it and booted again.

    A snapshot of the same name is replaced; hosts that started from the former one keep their disks.
    """
    check_name(snapshot_name, "snapshot")
    with state.host_lock(clone, name):
        record = state.get_host(clone, name)
        owner = driver(clone, record.driver)
        ran = owner.is_running(record)
        with step(f"keeping the disk of {name} as {snapshot_name}"):
            if ran:
                owner.stop(record)
            former = state.find_snapshot(clone, snapshot_name)
            record, disk = owner.freeze(record, snapshot_name)
            kept = Snapshot(name=snapshot_name, driver=owner.name, disk=disk)
            state.save_snapshot(clone, kept)
            if former is not None:
                driver(clone, former.driver).discard(former.disk)
        if ran:
            _boot(clone, owner, record)
    return kept


def forget_snapshot(clone: Clone, name: str) -> None:
    """Remove a snapshot; hosts that started from it keep their disks."""
    kept = state.find_snapshot(clone, name)
    if kept is not None:
        state.remove_snapshot(clone, name)
        driver(clone, kept.driver).discard(kept.disk)


def set_latency(clone: Clone, name: str, milliseconds: int) -> HostRecord:
    """Delay what passes between this machine and a host: milliseconds there and back, 0 for a direct link."""
    if not 0 <= milliseconds <= 60_000:
        raise TestbedError(f"{milliseconds} is no round trip time: choose 0 to 60000 milliseconds")
    with state.host_lock(clone, name):
        record, owner = _running(clone, name)
        owner.set_latency(record, milliseconds)
        return _changed(clone, replace(record, latency_ms=milliseconds))


def add_address(clone: Clone, name: str, cidr: str) -> HostRecord:
    """Give a host a second address outside 10.0.0.0/8 and this machine a way to it."""
    wanted = network.check_cidr(cidr)
    with state.host_lock(clone, name):
        record, owner = _running(clone, name)
        if wanted in record.extra_addresses:
            return record
        address = wanted.split("/")[0]
        for other in state.all_hosts(clone):
            if address in (part.split("/")[0] for part in other.extra_addresses):
                raise TestbedError(f"{other.name} has {address}: choose another")
        owner.add_address(record, wanted)
        return _changed(clone, replace(record, extra_addresses=[*record.extra_addresses, wanted]))


def set_cut(clone: Clone, name: str, *, cut: bool) -> HostRecord:
    """Cut a host's network without a word to either side, or mend it."""
    with state.host_lock(clone, name):
        record, owner = _running(clone, name)
        owner.set_cut(record, cut=cut)
        return _changed(clone, replace(record, is_cut=cut))


def collect(clone: Clone) -> list[str]:
    """Destroy each host and snapshot of the clone; return the hosts' names."""
    clone.prepared()
    names = sorted({path.name for path in clone.hosts.iterdir()})
    owners: dict[str, Driver] = {}
    for name in names:
        with state.host_lock(clone, name):
            record = state.find_host(clone, name)
            owner = driver(clone, record.driver) if record is not None else chosen_driver(clone)
            owners[owner.name] = owner
            with step(f"removing {name}"):
                owner.destroy(name)
    for kept in state.all_snapshots(clone):
        forget_snapshot(clone, kept.name)
        owners.setdefault(kept.driver, driver(clone, kept.driver))
    for owner in owners.values():
        owner.close()
    return names


def _boot(clone: Clone, owner: Driver, record: HostRecord) -> HostRecord:
    with step(f"booting {record.name} ({record.disk.suite}, {owner.name})"):
        record = owner.start(record)
        state.save_host(clone, record)
        if not record.is_cut:
            _await_ssh(owner, record)
        # sshd answers a moment before the last services are up; a unit that hangs shall not hold a test up
        wait_until(lambda: _has_booted(owner, record), SETTLE_SECONDS)
    return record


def _comes_up(owner: Driver, record: HostRecord) -> bool:
    """Wait for a running host that may be in a reboot of its own; False if it powered off instead."""
    # asked inside: sshd counts each connection that does not log in against our address (PerSourcePenalties)
    if _has_booted(owner, record):
        return True
    with step(f"waiting for {record.name}"):
        wait_until(lambda: not owner.is_running(record) or _has_booted(owner, record), SETTLE_SECONDS)
        if not owner.is_running(record):
            return False
        if not record.is_cut:
            _await_ssh(owner, record)
    return True


def _await_ssh(owner: Driver, record: HostRecord) -> None:
    started = time.monotonic()
    ask_next = started + _ASK_INSIDE_AFTER
    while not ssh.greets(record.address, record.port):
        now = time.monotonic()
        if not owner.is_running(record):
            raise TestbedError(f"{record.name} ended while it booted: see {owner.console(record)}")
        if now > ask_next:
            ask_next = now + 1
            if _has_booted(owner, record):
                # a firewall or another port is what the test may be about
                note(f"{record.name} runs, but does not answer on {record.address}:{record.port}")
                return
        if now - started > BOOT_SECONDS:
            raise TestbedError(f"{record.name} did not boot in {BOOT_SECONDS} s: see {owner.console(record)}")
        time.sleep(POLL_SECONDS)


def _has_booted(owner: Driver, record: HostRecord) -> bool:
    try:
        asked = run(owner.exec_command(record, ["systemctl", "is-system-running"]), check=False)
    except TestbedError:  # no init yet
        return False
    return asked.stdout.strip() in ("running", "degraded")


def _check_same(record: HostRecord, suite: str | None, address: str | None) -> None:
    if suite is not None and suite != record.disk.suite:
        raise TestbedError(f"{record.name} is there with {record.disk.suite}, not {suite}: destroy it first")
    if address is not None and address != record.address:
        raise TestbedError(f"{record.name} is there at {record.address}, not {address}: destroy it first")


def _disk(clone: Clone, owner: Driver, name: str, suite: str | None, from_snapshot: str | None) -> Disk:
    if from_snapshot is None:
        chosen = suite or DEFAULT_SUITE
        return Disk(suite=chosen, image=owner.image(chosen), hostname=name)
    kept = state.find_snapshot(clone, from_snapshot)
    if kept is None:
        known = ", ".join(item.name for item in state.all_snapshots(clone)) or "none yet"
        raise TestbedError(f"there is no snapshot '{from_snapshot}' (there are: {known})")
    if kept.driver != owner.name:
        raise TestbedError(f"the snapshot {from_snapshot} needs TESTBED_DRIVER={kept.driver}")
    if suite is not None and suite != kept.disk.suite:
        raise TestbedError(
            f"the snapshot {from_snapshot} is {kept.disk.suite}, not {suite}: leave --suite out"
        )
    return kept.disk


def _running(clone: Clone, name: str) -> tuple[HostRecord, Driver]:
    record = state.get_host(clone, name)
    owner = driver(clone, record.driver)
    if not owner.is_running(record):
        raise TestbedError(f"{name} does not run: python3 -m testbed up {name}")
    return record, owner


def _changed(clone: Clone, record: HostRecord) -> HostRecord:
    state.save_host(clone, record)
    return record
