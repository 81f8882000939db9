"""The command ``dhanman-certificates``: run by a timer (``renew``), by deployments and by people, as root."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from certctl import keys, rounds, x509
from certctl.config import Config, parse
from certctl.errors import Failure
from certctl.tools import lock
from certctl.verdicts import Verdict, judge_all


def parser() -> argparse.ArgumentParser:
    """The words that the command takes."""
    made = argparse.ArgumentParser(
        prog="dhanman-certificates", description="The certificates that NGINX serves."
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="WHAT")
    verbs.add_parser("show", help="how each certificate is")
    verbs.add_parser("verdicts", help="the same in short, as JSON (run by deployments)")
    verbs.add_parser("prepare", help="placeholders, so that NGINX can start (run by deployments)")
    verbs.add_parser("issue", help="ask for those that are wrong or missing (run by deployments)")
    renew = verbs.add_parser("renew", help="ask for those that are due as well (run by a timer)")
    renew.add_argument("name", nargs="*", help="of these certificates alone")
    renew.add_argument(
        "--force", action="store_true", help="also where the present one is good; each counts against limits"
    )
    return made


def main(configuration: str, arguments: list[str]) -> int:
    """Do one thing; 1 with what failed and what to do next."""
    words = parser().parse_args(arguments)
    try:
        if os.geteuid() != 0:
            raise Failure("only root can do that", f"sudo dhanman-certificates {' '.join(arguments)}")
        return _do(parse(Path(configuration).read_text()), words)
    except Failure as failure:
        return complain([failure])
    except OSError as error:
        what = f"{error.filename or 'the host'}: {error.strerror or error}"
        return complain([Failure(what, "correct the cause, then try again")])


def _do(config: Config, words: argparse.Namespace) -> int:
    if words.verb == "show":
        return _show(config)
    if words.verb == "verdicts":
        print(json.dumps({name: judged.verdict for name, judged in judge_all(config, time.time()).items()}))
        return 0
    if words.verb == "renew" and (strange := [n for n in words.name if n not in config.certificates]):
        raise Failure(f"there is no certificate {strange[0]}", "dhanman-certificates show lists them")
    with lock(config.state / "lock"):
        if words.verb == "prepare":
            return _prepare(config)
        if words.verb == "issue":
            return complain(rounds.run(config, rounds.wrong))
        return complain(rounds.run(config, rounds.anything if words.force else rounds.due, tuple(words.name)))


def _prepare(config: Config) -> int:
    for name, judged in judge_all(config, time.time()).items():
        if judged.verdict in (Verdict.MISSING, Verdict.BROKEN):
            print(
                f"{name}: {keys.stand_in(config, name)} is served until there is one of its own", flush=True
            )
    return 0


def _show(config: Config) -> int:
    judged = judge_all(config, time.time())
    for name, one in judged.items():
        until = f", until {x509.clock(one.found.ends)}, issued by {one.found.issuer}" if one.found else ""
        print(f"{name}: {one.verdict}{until}")
    return int(any(rounds.wrong(one.verdict) for one in judged.values()))


def complain(failures: list[Failure]) -> int:
    """Print what failed, the last words of who failed, and what to do, each only once."""
    for failure in failures:
        print(f"error: {failure.what}", file=sys.stderr)
        for line in failure.details.splitlines():
            print(f"    {line}", file=sys.stderr)
    for step in dict.fromkeys(failure.next_step for failure in failures):
        print(f"next: {step}", file=sys.stderr, flush=True)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
