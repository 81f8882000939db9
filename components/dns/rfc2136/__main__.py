"""Brings a zone to what is wanted: ``python -m components.dns.rfc2136 < WANTED.json``."""

from __future__ import annotations

import sys

from components.dns.rfc2136.exchange import Server, ServerError
from components.dns.rfc2136.spec import WantedZone


def main() -> int:
    """Read what is wanted from standard input; 1, with plain words, if it can't be."""
    return apply(WantedZone.parse(sys.stdin.read()))


def apply(wanted: WantedZone) -> int:
    """One update with everything, or none; 1, with plain words, if it can't be."""
    try:
        server = Server(wanted)
        found = server.look()
        lines = found.refused
        if not lines:
            if found.after:
                server.change(found)
            for line in found.told or ["unchanged"]:
                print(line)
            return 0
    except ServerError as error:
        lines = [str(error)]
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    print("now: nothing was changed in the zone", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
