"""``dhanman-host-backup``: ``run`` by a timer; ``list``, ``etc`` and ``definitions`` by people, as root."""

from __future__ import annotations

import argparse
from pathlib import Path

from backupctl import host_restore
from backupctl.errors import Failure
from backupctl.host_backup import back_up
from backupctl.host_config import HostConfig, parse
from backupctl.tools import complain


def host(configuration: str, arguments: list[str]) -> int:
    """Do one thing; 1 if it failed."""
    parser = argparse.ArgumentParser(
        prog="dhanman-host-backup", description="Backups of what this host is configured by."
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="WHAT")
    verbs.add_parser("run", help="make them now")
    verbs.add_parser("list", help="which there are on this host")
    host_restore.add_verbs(verbs)
    words = parser.parse_args(arguments)
    try:
        return _do(parse(Path(configuration).read_text()), words)
    except Failure as failure:
        return complain(failure)
    except OSError as error:
        what = f"{error.filename or 'the host'}: {error.strerror}"
        return complain(Failure(what, "correct the cause, then try again"))


def _do(config: HostConfig, words: argparse.Namespace) -> int:
    if words.verb == "run":
        return back_up(config)
    if words.verb == "list":
        host_restore.show(config)
    else:
        host_restore.restore(config, words)
    return 0
