"""Deletes the host's key of a B2 bucket that :mod:`components.backup.bucket.key` has made.

``python -m components.backup.bucket.forget < WANTED_KEY.json``, with what was printed then in the environment.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator

from components.backup.bucket import b2
from components.backup.bucket.asking import run
from components.backup.bucket.key import PREVIOUS
from components.backup.bucket.spec import WantedKey


def main() -> int:
    """Read how to ask from standard input; 1 if the key is still there."""
    wanted = WantedKey.parse(sys.stdin.read())
    made = json.loads(os.environ[PREVIOUS])
    return run(
        f"key {made['id']} at Backblaze", lambda: _forget(wanted, made["id"]), wanted.admin_key, made["key"]
    )


def _forget(wanted: WantedKey, key_id: str) -> Iterator[str]:
    gone = b2.delete_key(key_id, b2.authorized(wanted.admin_key_id, wanted.admin_key))
    yield f"key {key_id}: {'deleted' if gone else 'was gone already'}"


if __name__ == "__main__":
    sys.exit(main())
