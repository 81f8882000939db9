"""Takes everything of ours out of a zone: ``python -m components.dns.rfc2136.remove < WANTED.json``."""

from __future__ import annotations

import dataclasses
import sys

from components.dns.rfc2136.__main__ import apply
from components.dns.rfc2136.spec import WantedZone


def main() -> int:
    """Read what was wanted from standard input; 1, with plain words, if it can't be removed."""
    return apply(dataclasses.replace(WantedZone.parse(sys.stdin.read()), records=()))


if __name__ == "__main__":
    sys.exit(main())
