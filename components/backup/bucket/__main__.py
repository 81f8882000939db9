"""Makes or looks at the bucket: ``python -m components.backup.bucket < WANTED.json``."""

from __future__ import annotations

import sys

from components.backup.bucket import b2, s3
from components.backup.bucket.asking import run
from components.backup.bucket.ensure import Store, ensure
from components.backup.bucket.spec import Wanted


def main() -> int:
    """Read what is wanted from standard input; 1 if it can't be."""
    wanted = Wanted.parse(sys.stdin.read())
    return run(f"bucket {wanted.name}", lambda: ensure(wanted, store(wanted)), wanted.key)


def store(wanted: Wanted) -> Store:
    """The provider's side of the bucket."""
    if wanted.kind == "b2":
        return b2.B2Store(wanted, b2.authorized(wanted.key_id, wanted.key))
    return s3.S3Store(wanted, s3.client(wanted))


if __name__ == "__main__":
    sys.exit(main())
