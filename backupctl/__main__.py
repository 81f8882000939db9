"""The commands: ``dhanman-backup`` (for timers), ``dhanman-restore`` and ``dhanman-upgrade`` (for people, as root)."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from backupctl import config, drill, physical, restoring, upgrading
from backupctl.errors import Failure
from backupctl.tools import complain, prefer
from backupctl.watch import watch


def backup(configuration: str, arguments: list[str]) -> int:
    """``dhanman-backup WORK``; 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="dhanman-backup", description="What the timers of the backups run.")
    works = parser.add_subparsers(dest="work", required=True, metavar="WORK")
    works.add_parser("full", help="a full backup of the cluster in each repository")
    works.add_parser("incremental", help="what changed since the last backup")
    works.add_parser("verify", help="read all that is stored again, and look for gaps in the WAL")
    works.add_parser("watch", help="how far the archive is behind, and how old the backups are")
    works.add_parser("drill", help="restore the newest backup beside the cluster, and compare")
    work = parser.parse_args(arguments).work
    return _told(lambda: _backup(_read(configuration), work))


def restore(configuration: str, arguments: list[str]) -> int:
    """``dhanman-restore WHAT ...``; 1 if it failed."""
    words = restoring.parser().parse_args(arguments)
    return _by_people(lambda: restoring.run(_read(configuration), words))


def upgrade(configuration: str, arguments: list[str]) -> int:
    """``dhanman-upgrade WHAT ...``; 1 if it failed."""
    words = upgrading.parser().parse_args(arguments)
    return _by_people(lambda: upgrading.run_verb(_read(configuration), Path(configuration), words))


def _by_people(step: Callable[[], None]) -> int:
    # a connection that breaks is no reason to stop in the middle
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def action() -> int:
        step()
        return 0

    return _told(action)


def _read(configuration: str) -> config.Config:
    settings = config.parse(Path(configuration).read_text())
    prefer(settings.programs)
    return settings


def _backup(settings: config.Config, work: str) -> int:
    if work == "watch":
        return int(bool(watch(settings)))
    if work == "verify":
        physical.verify(settings)
    elif work == "drill":
        drill.drill(settings)
    else:
        physical.back_up(settings, work)
    return 0


def _told(action: Callable[[], int]) -> int:
    try:
        return action()
    except Failure as failure:
        return complain(failure)
    except OSError as error:
        return complain(
            Failure(f"{error.filename or 'the host'}: {error.strerror}", "correct the cause, then try again")
        )


def main() -> int:
    """``python3 -m backupctl backup|restore|upgrade CONFIGURATION ...``."""
    return {"backup": backup, "restore": restore, "upgrade": upgrade}[sys.argv[1]](sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
