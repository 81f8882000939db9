"""Packages can't be installed: somebody holds the lock, dpkg was interrupted, there is no way to a mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.acceptance.world import World
from tests.faults.conditions import (
    assert_converges,
    assert_nothing_half_done,
    assert_serves,
    assert_tells,
)

pytestmark = pytest.mark.host

PACKAGE = "tree"
SETTINGS = {"runtime": {"packages": ["python3", "python3-psycopg", "python3-pika", PACKAGE]}}
APT_CONFIGURATION = "/etc/apt/apt.conf.d/99-fault"

HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.lockf(file, fcntl.LOCK_EX)
time.sleep(float(sys.argv[2]))
"""
REFUSE = """
import http.server
class Refusal(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
http.server.ThreadingHTTPServer(("127.0.0.1", 8503), Refusal).serve_forever()
"""


@pytest.fixture(autouse=True)
def without_the_package(world: World) -> None:
    # nor its archive, which would be taken from the disk
    world.host.exec(f"apt-get --yes --quiet=2 purge {PACKAGE} && apt-get clean")


def _start(world: World, name: str, program: str, *arguments: str) -> None:
    world.host.exec(["systemd-run", "--quiet", "--collect", f"--unit={name}", "/usr/bin/python3", "-c", program,
                     *arguments])  # fmt: skip


def _status(world: World) -> str:
    return world.host.exec(f"dpkg-query -W -f '${{db:Status-Status}}' {PACKAGE}", check=False).stdout


@contextmanager
def _apt_configured(world: World, text: str) -> Iterator[None]:
    world.host.exec(f"cat > {APT_CONFIGURATION}", input=text)
    try:
        yield
    finally:
        world.host.exec(f"rm {APT_CONFIGURATION}")


def _assert_refused(world: World, said: str) -> None:
    assert_tells(
        said,
        "runtime-packages",
        "Failed to fetch",
        "next: the host must reach its package mirrors",
        "now: the previous state was put back",
    )
    assert _status(world) != "installed"
    assert_nothing_half_done(world)
    assert_serves(world)


@pytest.mark.slow
def test_a_run_waits_two_minutes_for_who_holds_the_locks_of_apt_and_dpkg(world: World) -> None:
    # the index is read anew when it is old, under a lock of its own
    world.host.exec("touch -d '2 days ago' /var/lib/apt/lists")
    _start(world, "fault-index", HOLD, "/var/lib/apt/lists/lock", "60")
    _start(world, "fault-dpkg", HOLD, "/var/lib/dpkg/lock-frontend", "120")
    world.wait_for("test $(grep -c POSIX.*WRITE /proc/locks) -ge 2", 10)
    world.configure(SETTINGS)
    said = world.up()
    assert_tells(said, "waiting for another program that holds apt's lock", "runtime-local: 1 changed")
    assert world.host.exec("systemctl is-active fault-dpkg", check=False).stdout.strip() == "inactive"
    assert _status(world) == "installed"
    assert_converges(world)


@pytest.mark.parametrize("state", ["unpacked", pytest.param("half-configured", marks=pytest.mark.slow)])
def test_a_package_that_was_left_half_installed_is_finished(world: World, state: str) -> None:
    world.host.exec(f"cd /run && apt-get download --quiet=2 {PACKAGE} && dpkg --unpack {PACKAGE}_*.deb")
    if state == "half-configured":
        stanza = f"/^Package: {PACKAGE}$/,/^$/s/^Status: .*/Status: install ok half-configured/"
        world.host.exec(f"sed -i '{stanza}' /var/lib/dpkg/status")
        # what dpkg leaves when it is killed: apt refuses to work until it is dealt with
        world.host.exec(f"dpkg-query --status {PACKAGE} > /var/lib/dpkg/updates/0000")
    assert _status(world) == state
    world.configure(SETTINGS)
    said = world.up()
    assert ("an earlier installation was interrupted" in said) == (state == "half-configured")
    assert _status(world) == "installed"
    assert_converges(world)


def test_a_mirror_that_answers_503_fails_the_unit_and_changes_nothing(world: World) -> None:
    _start(world, "fault-mirror", REFUSE)
    world.wait_for("ss -Htln | grep -q 127.0.0.1:8503", 10)
    # as a proxy it answers for every mirror, whatever the host's sources are
    with _apt_configured(world, 'Acquire::http::Proxy "http://127.0.0.1:8503";\n'):
        world.configure(SETTINGS)
        said = world.up(check=False)
        assert "503  Service Unavailable" in said
        _assert_refused(world, said)
        world.host.exec("touch -d '2 days ago' /var/lib/apt/lists")
        said = world.up(check=False)
        assert "update --error-on=any: exit status 100" in said
        _assert_refused(world, said)
    world.host.exec("systemctl stop fault-mirror")
    assert_converges(world)
    assert _status(world) == "installed"


@pytest.mark.slow
def test_a_host_without_dns_fails_the_unit_and_changes_nothing(world: World) -> None:
    resolver = world.host.exec("cat /etc/resolv.conf").stdout
    # nobody listens there: the answer is a refusal, which only costs less time than silence
    world.host.exec("echo nameserver 127.0.0.99 > /etc/resolv.conf")
    try:
        world.configure(SETTINGS)
        said = world.up(check=False)
        assert "resolving" in said
        _assert_refused(world, said)
    finally:
        world.host.exec("cat > /etc/resolv.conf", input=resolver)
    assert_converges(world)
    assert _status(world) == "installed"
