"""The command lines of Docker and Podman, as pure functions: what the driver runs, and nothing of when."""

from __future__ import annotations

from pathlib import Path

from testbed.image import DISABLED_UNITS, MASKED_UNITS, PACKAGES
from testbed.paths import Clone

SSH_PORT = 22
STOP_SECONDS = 60


def container(clone: Clone, name: str) -> str:
    """Name of a host's container."""
    return f"tb{clone.digest}-{name}"


def network_name(clone: Clone) -> str:
    """Name of the clone's container network."""
    return clone.bridge


def extra_network_name(clone: Clone, subnet: str) -> str:
    """Name of the container network for further addresses in a subnet."""
    return f"{clone.bridge}-{subnet.replace('/', '-')}"


def build(engine: str, tag: str, suite: str, context: Path, *, refresh: bool) -> list[str]:
    """Build the suite's image from a prepared folder; ``refresh`` fetches everything anew."""
    fresh = ["--no-cache", "--pull"] if refresh else []
    arguments = {
        "SUITE": suite,
        "PACKAGES": " ".join(PACKAGES),
        "MASKED_UNITS": " ".join(MASKED_UNITS),
        "DISABLED_UNITS": " ".join(DISABLED_UNITS),
    }
    pairs = [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
    return [engine, "build", "--quiet", *fresh, *pairs, "--tag", tag, str(context)]


def create_network(engine: str, name: str, subnet: str) -> list[str]:
    """Make a network with a subnet, so that containers can have fixed addresses in it."""
    return [engine, "network", "create", "--subnet", subnet, name]


def create(
    engine: str, clone: Clone, name: str, *, image: str, hostname: str, address: str | None
) -> list[str]:
    """Make a host's container.

    A non-zero end restarts it: that is how a reboot of its own comes back, since the kernel ends the first
    process with SIGHUP then. A power-off from inside ends it with SIGINT (reboot(2)) and is restarted too.
    Without an address the engine chooses one and a loopback port is added, for engines whose container
    addresses this machine does not reach.
    """
    system = ["--systemd=always"] if engine == "podman" else []
    reached = ["--publish", f"127.0.0.1::{SSH_PORT}"] if address is None else ["--ip", address]
    return [
        *(engine, "create", "--name", container(clone, name), "--hostname", hostname),
        *("--privileged", "--cgroupns", "private", *system),
        *("--tmpfs", "/run:exec,mode=755", "--tmpfs", "/run/lock", "--stop-signal", "SIGRTMIN+4"),
        *("--stop-timeout", str(STOP_SECONDS), "--restart", "on-failure"),
        *("--network", network_name(clone), *reached),
        *("--label", f"dhanman.testbed={clone.digest}", image, "/sbin/init"),
    ]


def latency(interface: str, milliseconds: int) -> str:
    """Shell text that delays what leaves the interface: the way out alone, so by the whole round trip."""
    if milliseconds == 0:
        return f"tc qdisc delete dev {interface} root 2>/dev/null || true"
    return f"tc qdisc replace dev {interface} root netem delay {milliseconds}ms"


def published_port(output: str) -> int:
    """The port number in the output of ``port CONTAINER 22/tcp`` (``127.0.0.1:49153``)."""
    return int(output.split(maxsplit=1)[0].rsplit(":", 1)[1])
