"""``pulumi preview --json --show-sames | python -m policies``: 0 if all rules are kept, else 1 and their breaches."""

from __future__ import annotations

import json
import sys

from policies.preview import resources
from policies.rules import RULES, check


def main() -> int:
    """Judge the preview on stdin."""
    try:
        found = list(resources(json.load(sys.stdin)))
    except (ValueError, AttributeError) as error:
        print(f"error: stdin is not what `pulumi preview --json` prints: {error}", file=sys.stderr)
        print("next: run the preview by itself and correct what it says", file=sys.stderr)
        return 2
    broken = check(found)
    for line in broken:
        print(f"error: {line}", file=sys.stderr)
    if not broken:
        print(f"{len(found)} resources keep {len(RULES)} rules")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
