"""Makes the host's key of a B2 bucket: ``python -m components.backup.bucket.key < WANTED_KEY.json``.

Prints it as JSON, which Pulumi keeps as a secret. When the settings around it change, it goes on: Pulumi hands over
what was printed the last time, and the same is printed again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

from components.backup.bucket import b2
from components.backup.bucket.asking import run
from components.backup.bucket.spec import WantedKey

PREVIOUS = "PULUMI_COMMAND_STDOUT"


def main() -> int:
    """Read what is wanted from standard input; 1 if it can't be."""
    wanted = WantedKey.parse(sys.stdin.read())
    previous = os.environ.get(PREVIOUS, "")
    return run(f"key {wanted.name}", lambda: _key(wanted, previous), wanted.admin_key)


def _key(wanted: WantedKey, previous: str) -> Iterator[str]:
    if previous:
        yield previous
        return
    key_id, key = b2.make_key(wanted, b2.authorized(wanted.admin_key_id, wanted.admin_key))
    yield json.dumps({"id": key_id, "key": key})


if __name__ == "__main__":
    sys.exit(main())
