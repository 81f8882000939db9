"""Command line of the test hosts: ``python3 -m testbed --help``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence

from testbed import hosts, ssh, state
from testbed.apt import SUITES
from testbed.driver import chosen_driver, driver
from testbed.errors import TestbedError
from testbed.host import host_of
from testbed.paths import Clone
from testbed.ssh import PERSON


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the status of the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # argparse takes the first "--" for itself
    remote: list[str] = []
    if "--" in given:
        at = given.index("--")
        given, remote = given[:at], given[at + 1 :]
    options = _parser().parse_args(given)
    options.remote = remote
    command: Callable[[Clone, argparse.Namespace], int] = options.command
    try:
        return command(Clone.current(), options)
    except TestbedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("testbed: interrupted; run the same command again", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m testbed", description="Real systemd hosts for tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, text: str, run: Callable[[Clone, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=run)
        return command

    def add_for_host(
        name: str, text: str, run: Callable[[Clone, argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        command = add(name, text, run)
        command.add_argument("name", metavar="NAME")
        return command

    command = add_for_host("up", "Boot a host, or find it running, and print how to reach it.", _up)
    command.add_argument("--suite", choices=SUITES, help=f"Debian release (new hosts: {hosts.DEFAULT_SUITE})")
    command.add_argument("--from", dest="snapshot", metavar="SNAPSHOT", help="start a new host from it")
    command.add_argument("--address", help="address of a new host (default: the first free one)")
    command.add_argument("--no-apt-cache", action="store_true", help="download each package anew")
    command.add_argument("--json", action="store_true", help="print on one line")
    add_for_host("down", "Destroy a host with its disk.", _down)
    add_for_host("stop", "Shut a host down and keep its disk.", _stop)
    add_for_host("reboot", "End a host at once and boot it again with its disk.", _reboot)
    command = add("list", "List the hosts and snapshots of this clone.", _list)
    command.add_argument("--json", action="store_true", help="print as JSON")
    command = add_for_host("shell", "Open a shell on a host, or run the command after --.", _shell)
    command.add_argument("--console", action="store_true", help="enter without SSH and network")
    command.add_argument(
        "--user", default=PERSON, help="log in as this user (default: one whose commands run as root)"
    )
    command = add_for_host("snapshot", "Keep a host's disk, for up --from.", _snapshot)
    command.add_argument("snapshot", metavar="SNAPSHOT")
    command = add("forget", "Remove a snapshot.", _forget)
    command.add_argument("snapshot", metavar="SNAPSHOT")
    command = add_for_host("latency", "Put a host far away; 0 brings it back.", _latency)
    command.add_argument("milliseconds", metavar="MS", type=int, help="round trip time in milliseconds")
    command = add_for_host("add-address", "Give a host a second address, 198.51.100.10/24 say.", _add_address)
    command.add_argument("cidr", metavar="CIDR")
    add_for_host("cut", "Cut a host's network.", _cut)
    add_for_host("mend", "Mend a host's network.", _mend)
    add_for_host("console", "Print where the console's output is.", _console)
    add("gc", "Destroy all hosts and snapshots of this clone.", _gc)
    command = add("image", "Build the image of a suite.", _image)
    command.add_argument("--suite", choices=SUITES, default=hosts.DEFAULT_SUITE)
    command.add_argument("--refresh", action="store_true", help="build it anew, with today's packages")
    return parser


def _up(clone: Clone, options: argparse.Namespace) -> int:
    record = hosts.up(
        clone,
        options.name,
        suite=options.suite,
        from_snapshot=options.snapshot,
        address=options.address,
        apt_cache=not options.no_apt_cache,
    )
    print(json.dumps(host_of(clone, record).as_dict(), indent=None if options.json else 2))
    return 0


def _down(clone: Clone, options: argparse.Namespace) -> int:
    hosts.down(clone, options.name)
    return 0


def _stop(clone: Clone, options: argparse.Namespace) -> int:
    hosts.stop(clone, options.name)
    return 0


def _reboot(clone: Clone, options: argparse.Namespace) -> int:
    hosts.reboot(clone, options.name)
    return 0


def _list(clone: Clone, options: argparse.Namespace) -> int:
    rows = [
        {
            **host_of(clone, record).as_dict(),
            "state": "running" if driver(clone, record.driver).is_running(record) else "stopped",
            "latency_ms": record.latency_ms,
            "is_cut": record.is_cut,
            "extra_addresses": record.extra_addresses,
        }
        for record in state.all_hosts(clone)
    ]
    snapshots = [{"name": kept.name, "suite": kept.disk.suite} for kept in state.all_snapshots(clone)]
    if options.json:
        print(json.dumps({"hosts": rows, "snapshots": snapshots}))
        return 0
    for row in rows:
        print(f"{row['name']:<20} {row['state']:<8} {row['suite']:<9} {row['address']}:{row['port']}")
    for kept in snapshots:
        print(f"{kept['name']:<20} snapshot {kept['suite']}")
    return 0


def _shell(clone: Clone, options: argparse.Namespace) -> int:
    record = state.get_host(clone, options.name)
    terminal = sys.stdin.isatty() and not options.remote
    if options.console:
        argv = options.remote or ["bash", "-l"]
        if len(options.remote) == 1:
            argv = ["sh", "-c", options.remote[0]]
        full = driver(clone, record.driver).exec_command(record, argv, terminal=terminal)
    else:
        full = ssh.command(clone, record, user=options.user, terminal=terminal)
        # like ssh itself: several words are joined and read by the remote shell
        full += [" ".join(options.remote)] if options.remote else []
    return subprocess.run(full, check=False, env=os.environ).returncode


def _snapshot(clone: Clone, options: argparse.Namespace) -> int:
    hosts.snapshot(clone, options.name, options.snapshot)
    return 0


def _forget(clone: Clone, options: argparse.Namespace) -> int:
    hosts.forget_snapshot(clone, options.snapshot)
    return 0


def _latency(clone: Clone, options: argparse.Namespace) -> int:
    hosts.set_latency(clone, options.name, options.milliseconds)
    return 0


def _add_address(clone: Clone, options: argparse.Namespace) -> int:
    hosts.add_address(clone, options.name, options.cidr)
    return 0


def _cut(clone: Clone, options: argparse.Namespace) -> int:
    hosts.set_cut(clone, options.name, cut=True)
    return 0


def _mend(clone: Clone, options: argparse.Namespace) -> int:
    hosts.set_cut(clone, options.name, cut=False)
    return 0


def _console(clone: Clone, options: argparse.Namespace) -> int:
    record = state.get_host(clone, options.name)
    print(driver(clone, record.driver).console(record))
    return 0


def _gc(clone: Clone, options: argparse.Namespace) -> int:
    del options
    hosts.collect(clone)
    return 0


def _image(clone: Clone, options: argparse.Namespace) -> int:
    print(chosen_driver(clone).image(options.suite, refresh=options.refresh))
    return 0


if __name__ == "__main__":
    sys.exit(main())
