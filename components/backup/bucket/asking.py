"""What the programs that ask a provider have in common: their words when it refuses, with no key in them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from components.backup.bucket.ensure import DOCS, Refusal


def run(what: str, work: Callable[[], Iterable[str]], *secrets: str) -> int:
    """Do the work and print its lines; 1 with plain words if it was refused. ``what``: it is about, for those words."""
    from b2sdk.v2.exception import B2Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        for line in work():
            print(line)
    except Refusal as error:
        lines = error.lines()
    except (B2Error, BotoCoreError, ClientError, OSError) as error:
        lines = [
            f"error: {what}: {_words(error)}",
            f"next: check backup.bucket in the settings and what its keys may do ({DOCS}), then pulumi up",
        ]
    else:
        return 0
    said = "\n".join(lines)
    for secret in filter(None, secrets):
        said = said.replace(secret, "[secret]")
    print(said, file=sys.stderr)
    return 1


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
