"""What is made of a host's facts. Pure.

Subjects begin with the host's name, so that a line says where it belongs when `grep` takes it out of the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from components.remote.session import Answer, Unreachable
from components.settings import Host
from doctor.disks import size
from doctor.facts import Facts
from doctor.findings import Finding, fail, ok, warn
from hostctl.kinds.host_facts import TOLERANCE

CLOCK_WARN = 1.0
"""Seconds beside this machine's clock: a synchronised one is within milliseconds, so something does not work."""

CLOCK_FAIL = 30.0
"""Seconds from which tokens (many allow no minute) and TLS certificates that are just made are refused."""

OLDEST = {"debian": (12,), "ubuntu": (24, 4)}
"""The first release of each distribution that has Python 3.11 and an OpenSSH that knows the algorithms in use."""

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a host should be. ``version``: of this checkout's ``hostctl``. ``up``: the command that brings it there."""

    name: str
    host: Host
    version: str
    up: str


def judge_unasked(expected: Expected) -> list[Finding]:
    """A host that can't be asked, since what leads to it is a placeholder."""
    return [
        warn(
            f"{expected.name} reachable",
            "not asked: its host key, or the key to log in with, is not set yet",
            "what the group Pulumi says of the settings",
        )
    ]


def judge_unreachable(expected: Expected, why: Unreachable) -> list[Finding]:
    """A host that was asked and gave no answer."""
    name, host = expected.name, expected.host
    if why.other_key:
        return [
            fail(
                f"{name} host key",
                why.reason,
                f"compare `make host-key HOST={host.address}` with the provider's console, then set hostKey: "
                "docs/operations.md, A changed host key",
            )
        ]
    remedy = (
        "ssh in the settings, and authorized_keys on the host"
        if why.refused
        else "is it on? address and port of the settings, network.sshSources, the provider's firewall"
    )
    return [fail(f"{name} reachable", why.reason, remedy)]


def judge_answer(expected: Expected, answer: Answer, facts: Facts) -> list[Finding]:
    """A host that answered."""
    name = expected.name
    found = [
        *_entry(expected, answer, facts),
        *_clock(name, answer, facts),
        *_size(expected, facts),
        *_system(name, facts),
        *_program(expected, facts),
    ]
    return found


def _entry(expected: Expected, answer: Answer, facts: Facts) -> Iterator[Finding]:
    name, host = expected.name, expected.host
    yield ok(f"{name} reachable", f"{host.address}, as {answer.user} in {answer.entered:.2f} s")
    yield ok(f"{name} host key", "the one in the settings")
    if answer.user != host.user:
        yield warn(f"{name} set up", f"not yet: it lets in {answer.user} and not {host.user}", expected.up)
    if facts.root:
        yield ok(f"{name} sudo", f"{answer.user} may do what root may")
    else:
        yield fail(
            f"{name} sudo",
            f"{answer.user} may not run sudo without a password, so units can't be applied",
            "on the host, as root: give it that right in /etc/sudoers.d/90-dhanman-deploy",
        )


def clock_offset(answer: Answer, facts: Facts) -> float:
    """Seconds that the host's clock is ahead, if both ways took the same time (RFC 5905, section 8)."""
    return ((facts.began - answer.sent) + (facts.ended - answer.received)) / 2


def _clock(name: str, answer: Answer, facts: Facts) -> Iterator[Finding]:
    offset = clock_offset(answer, facts)
    side = "ahead of" if offset > 0 else "behind"
    text = f"{abs(offset):.1f} s {side} this machine's" if abs(offset) >= 0.05 else "as this machine's"
    remedy = "`timedatectl status` on the host and here: one of the two is wrong"
    if abs(offset) > CLOCK_FAIL:
        yield fail(f"{name} clock", text, remedy)
    elif abs(offset) > CLOCK_WARN:
        yield warn(f"{name} clock", text, remedy)
    elif facts.container:
        yield ok(f"{name} clock", f"{text}; a container's is kept by its machine")
    elif facts.synchronised:
        yield ok(f"{name} clock", f"{text}; synchronised")
    else:
        yield warn(
            f"{name} clock",
            f"{text}, but not synchronised",
            "on the host: systemctl status systemd-timesyncd; is UDP port 123 open outwards?",
        )


def _size(expected: Expected, facts: Facts) -> Iterator[Finding]:
    name, host = expected.name, expected.host
    remedy = f"correct hosts/{name} in the settings, or enlarge the host"
    text = f"{size(facts.memory)}, swap {size(facts.swap) if facts.swap else 'none'}"
    if facts.memory < TOLERANCE * host.memory:
        yield fail(f"{name} memory", f"{text}; the settings say {size(host.memory)}", remedy)
    else:
        yield ok(f"{name} memory", text)
    if facts.cores < host.cores:
        yield fail(f"{name} cores", f"{facts.cores}; the settings say {host.cores}", remedy)
    else:
        yield ok(f"{name} cores", str(facts.cores))


def _system(name: str, facts: Facts) -> Iterator[Finding]:
    if _supported(facts.os_id, facts.os_version):
        yield ok(f"{name} system", facts.os_name)
    else:
        yield fail(
            f"{name} system",
            f"{facts.os_name or 'unknown'} is not supported",
            "Debian 12 or later, or Ubuntu 24.04 or later",
        )
    if facts.reboot is not None:
        why = f" for {facts.reboot}" if facts.reboot else ""
        yield warn(
            f"{name} reboot",
            f"the host asks for one{why}",
            f"rebootWindow of hosts/{name}, or on the host, in a quiet hour: reboot",
        )
    if facts.failed:
        yield warn(
            f"{name} systemd",
            f"failed: {_some(facts.failed)}",
            f"on the host: journalctl -u {facts.failed[0]} -n 50; then systemctl reset-failed",
        )
    else:
        yield ok(f"{name} systemd", "no failed unit")


def _supported(distribution: str, version: str) -> bool:
    oldest = OLDEST.get(distribution)
    if oldest is None:
        return False
    if not version:
        # Debian's testing and unstable have none, and are newer than every release
        return distribution == "debian"
    return tuple(int(part) for part in version.split(".") if part.isdigit()) >= oldest


def _program(expected: Expected, facts: Facts) -> Iterator[Finding]:
    name = expected.name
    if facts.hostctl is None:
        yield warn(f"{name} hostctl", "not installed: nothing was applied here yet", expected.up)
        return
    if facts.hostctl == expected.version:
        yield ok(f"{name} hostctl", f"version {facts.hostctl}, as in this checkout")
    else:
        text = f"version {facts.hostctl}, this checkout has {expected.version}"
        yield warn(f"{name} hostctl", text, f"{expected.up}, from the checkout that is in force")
    if facts.armed:
        text = f"armed: {_some(facts.armed)} is taken back unless a new connection confirms it"
        yield warn(
            f"{name} units", text, "wait until the run that does this has ended, then run the doctor again"
        )
    if facts.reverted:
        text = f"taken back, since nobody confirmed: {_some(facts.reverted)}"
        yield warn(f"{name} units", text, f"correct port and network.sshSources, then {expected.up}")
    under_way = tuple(unit for unit in facts.journals if unit not in facts.armed)
    if under_way:
        text = f"a run is under way, or was broken off: {_some(under_way)}"
        yield warn(f"{name} units", text, f"if nobody is at it: {expected.up}")
    if facts.differences is None:
        if facts.root:
            yield warn(
                f"{name} drift", "not known: this hostctl gives no answer that is understood", expected.up
            )
        return
    drifted = {unit: words for unit, words in facts.differences.items() if words}
    if drifted:
        words = tuple(f"{unit}: {word}" for unit, several in drifted.items() for word in several)
        text = f"other than what was applied: {_some(words)}"
        remedy = f"make preview {expected.up.removeprefix('make up ')} shows all of them; {expected.up}"
        yield warn(f"{name} drift", text, remedy)
    else:
        yield ok(f"{name} drift", f"none in {len(facts.differences)} units")


def _some(words: tuple[str, ...]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
