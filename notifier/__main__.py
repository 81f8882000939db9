"""``dhanman-notify``: ``look`` (run by a timer, and when a unit fails), ``test`` and ``status`` (run by people)."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import sys
import time
from pathlib import Path

from notifier import messages, rounds
from notifier.channels import Undelivered, channels
from notifier.config import Config, parse


def notify(configuration: str, arguments: list[str]) -> int:
    """Run one verb; 1 if a channel does not take its messages."""
    parser = argparse.ArgumentParser(prog="dhanman-notify", description="Tells the operator what fails here.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="WHAT")
    verbs.add_parser("look", help="look at everything once, and tell what there is to tell (run by a timer)")
    verbs.add_parser("test", help="send a test message through every channel")
    verbs.add_parser("status", help="what fails, and whether messages are delivered")
    verb = parser.parse_args(arguments).verb
    try:
        config = parse(Path(configuration).read_text())
    except PermissionError:
        print("error: only root can do that", "next: sudo dhanman-notify ...", sep="\n", file=sys.stderr)
        return 1
    return {"look": _look, "test": _test, "status": _status}[verb](config)


def _look(config: Config) -> int:
    descriptor = os.open(config.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        report = rounds.run(config, channels(config))
    finally:
        os.close(descriptor)
    for problem in report["problems"]:
        print(f"problem: {problem}", file=sys.stderr, flush=True)
    return int(report["result"] != "ok")


def _test(config: Config) -> int:
    failed = False
    for name, send in channels(config).items():
        try:
            send(messages.trial(config, time.time()))
        except Undelivered as reason:
            failed = True
            print(f"{name}: not delivered: {reason}")
        else:
            print(f"{name}: delivered")
    if failed:
        print("next: correct dhanman:alerts in the settings, or the network, then try again", file=sys.stderr)
    return int(failed)


def _status(config: Config) -> int:
    try:
        report = json.loads((config.state / "alerts.json").read_text())
    except OSError:
        print("nothing was looked at yet: systemctl start", f"dhanman-notify-{config.environment}.service")
        return 1
    for name, since in report["failing"].items():
        print(f"failing: {name}, since {since}")
    for problem in report["problems"]:
        print(f"problem: {problem}")
    print(
        f"{report['at']}: {len(report['failing'])} failing, {report['delivered']} messages delivered,"
        f" {report['waiting']} waiting"
    )
    return int(report["result"] != "ok")


def main() -> int:
    """``python3 -m notifier CONFIGURATION look|test|status``."""
    return notify(sys.argv[1], sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
