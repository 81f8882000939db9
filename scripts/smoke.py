"""`make smoke STACK=name`: asks every service and the front end of a stack whether they answer.

Reads `pulumi stack output --json` from standard input. Names are resolved as everybody resolves them; those of the
local stack, which no DNS server knows, are asked at their host, with the host's own CA.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scripts.show_environment import AUTHORITY, Row, ask, table
from toolchain.paths import Clone

LIMIT_SECONDS = 60.0
"""How long answers may stay away: a new DNS record or certificate is not everywhere at once."""

_PAUSE_SECONDS = 1.0
_OUTPUTS_VERSION = 1


class OutputsError(Exception):
    """What was read are not the outputs of a stack; the text says what is wrong."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """One address to ask. ``connect``: name or IP address of the machine that is asked."""

    name: str
    version: str
    url: str
    connect: str


def sites(text: str) -> list[Site]:
    """What the outputs (JSON text, see docs/outputs.md) name. Raises OutputsError if they are something else."""
    try:
        outputs: dict[str, Any] = json.loads(text)
        if outputs["outputsVersion"] != _OUTPUTS_VERSION:
            raise OutputsError(f"outputsVersion is {outputs['outputsVersion']}, known is {_OUTPUTS_VERSION}")
        found = [_site(outputs, name, s, s["healthUrl"]) for name, s in outputs["services"].items()]
        return [*found, _site(outputs, "frontend", outputs["frontend"], outputs["frontend"]["url"])]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OutputsError("this is no JSON of a stack's outputs; has the stack been brought up?") from None


def _site(outputs: Mapping[str, Any], name: str, part: Mapping[str, Any], url: str) -> Site:
    here = outputs["hosts"][part["host"]]["address"] if outputs["environment"] == "local" else None
    return Site(name=name, version=part["version"], url=url, connect=here or str(urlsplit(url).hostname))


def check(
    wanted: Sequence[Site], asked: Callable[[Site], str], *, limit: float = LIMIT_SECONDS
) -> dict[str, str]:
    """The last answer of each site, by name: asks until all are healthy, or ``limit`` seconds are over."""
    answers: dict[str, str] = {}
    end = time.monotonic() + limit
    with ThreadPoolExecutor(max_workers=8) as pool:
        while True:
            open_sites = [site for site in wanted if not healthy(answers.get(site.name, ""))]
            names = [site.name for site in open_sites]
            answers |= dict(zip(names, pool.map(asked, open_sites), strict=True))
            if all(map(healthy, answers.values())) or time.monotonic() + _PAUSE_SECONDS > end:
                return answers
            time.sleep(_PAUSE_SECONDS)


def local_authority(clone: Clone) -> str:
    """The CA of the local host in PEM form. Raises CalledProcessError if the host does not run."""
    command = [str(clone.python), "-m", "testbed", "shell", "local", "--", AUTHORITY]
    return subprocess.run(command, cwd=clone.root, capture_output=True, text=True, check=True).stdout


def healthy(answer: str) -> bool:
    """Whether the words of `ask` mean a 200."""
    return answer.startswith("healthy")


def main() -> int:
    """Ask, print the table; 1 if a site does not answer 200, 2 if there is nothing to ask."""
    try:
        wanted = sites(sys.stdin.read())
    except OutputsError as error:
        print(f"make smoke: {error}", file=sys.stderr)
        return 2
    local = any(site.connect != urlsplit(site.url).hostname for site in wanted)
    try:
        context = ssl.create_default_context(cadata=local_authority(Clone()) if local else None)
    except subprocess.CalledProcessError:
        print("make smoke: the local host does not run; `make local` starts it", file=sys.stderr)
        return 2
    answers = check(wanted, lambda site: ask(site.url, site.connect, context), limit=LIMIT_SECONDS)
    rows = [Row(name=s.name, version=s.version, health=answers[s.name], where=s.url) for s in wanted]
    print(table(rows))
    return 0 if all(map(healthy, answers.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
