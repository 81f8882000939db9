"""The command ``dhanman-objects``: run by timers (``backup``, ``check``) and by people, as root."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from hostctl.s3 import S3Error
from objectctl import backing_up, restoring
from objectctl.config import Config, parse
from objectctl.errors import Failure


def parser() -> argparse.ArgumentParser:
    """The words that the command takes."""
    made = argparse.ArgumentParser(
        prog="dhanman-objects", description="Backups of the objects, and how they come back."
    )
    works = made.add_subparsers(dest="work", required=True, metavar="WORK")
    works.add_parser("backup", help="a snapshot of everything; what is too old goes")
    works.add_parser("check", help="read a quarter of what is stored again")
    works.add_parser("list", help="the snapshots")
    restore = works.add_parser("restore", help="bring a bucket or one object back")
    restore.add_argument("bucket", help="its name")
    restore.add_argument("key", nargs="?", help="one object; without it, all that the snapshot has")
    restore.add_argument(
        "--at", metavar="WHEN", help="a snapshot's id, or a time: the last snapshot before it"
    )
    return made


def main(configuration: str, arguments: list[str]) -> int:
    """Do one thing; 1 with what failed and what to do next."""
    words = parser().parse_args(arguments)
    try:
        if not restoring.is_root():
            raise Failure("only root may read the objects", f"sudo dhanman-objects {' '.join(arguments)}")
        _do(parse(Path(configuration).read_text()), words)
    except Failure as failure:
        return _complain(failure)
    except S3Error as error:
        return _complain(Failure(f"the object storage refuses: {error}", "look at its journal"))
    except OSError as error:
        what = f"{error.filename or 'the host'}: {error.strerror or error}"
        return _complain(Failure(what, "correct the cause, then try again"))
    return 0


def _do(config: Config, words: argparse.Namespace) -> None:
    if words.work == "backup":
        backing_up.back_up(config)
    elif words.work == "check":
        backing_up.check(config)
    elif words.work == "list":
        restoring.show(config)
    else:
        # a connection that breaks is no reason to stop in the middle
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        restoring.restore(config, words.bucket, words.key, words.at)


def _complain(failure: Failure) -> int:
    print(f"error: {failure.what}", file=sys.stderr)
    for line in failure.details.splitlines():
        print(f"    {line}", file=sys.stderr)
    print(f"next: {failure.next_step}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
