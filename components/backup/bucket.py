"""Makes sure that a Backblaze B2 bucket exists as wanted: ``python -m components.backup.bucket < WANTED.json``.

B2 keeps every version of a file and deleting one by name only hides it, so the bucket gets a lifecycle rule that
removes hidden files after some days (Backblaze, "Lifecycle Rules").
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

PRIVATE = "allPrivate"


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """``hidden_days``: after so many days a file that was deleted is really gone."""

    name: str
    key_id: str
    key: str
    hidden_days: int


def lifecycle(bucket: Bucket) -> list[dict[str, Any]]:
    """The one rule of the bucket, for all files."""
    return [
        {
            "fileNamePrefix": "",
            "daysFromHidingToDeleting": bucket.hidden_days,
            "daysFromUploadingToHiding": None,
        }
    ]


def ensure(bucket: Bucket, api: Any) -> str:
    """Create the bucket, or correct its type and rule. ``api``: an authorized ``b2sdk.v2.B2Api``."""
    from b2sdk.v2.exception import NonExistentBucket

    try:
        found = api.get_bucket_by_name(bucket.name)
    except NonExistentBucket:
        api.create_bucket(bucket.name, PRIVATE, lifecycle_rules=lifecycle(bucket))
        return f"bucket {bucket.name}: created"
    if found.type_ == PRIVATE and found.lifecycle_rules == lifecycle(bucket):
        return f"bucket {bucket.name}: unchanged"
    found.update(bucket_type=PRIVATE, lifecycle_rules=lifecycle(bucket))
    return f"bucket {bucket.name}: corrected"


def main() -> int:
    """Read what is wanted from stdin; 1 with one line if B2 refuses."""
    from b2sdk.v2 import B2Api, InMemoryAccountInfo
    from b2sdk.v2.exception import B2Error

    bucket = Bucket(**json.load(sys.stdin))
    try:
        api = B2Api(InMemoryAccountInfo())
        api.authorize_account("production", bucket.key_id, bucket.key)
        print(ensure(bucket, api))
    except B2Error as error:
        print(f"error: bucket {bucket.name}: {str(error).replace(bucket.key, '[secret]')}", file=sys.stderr)
        print(
            "next: check backup/bucket in the settings and what its application key may do", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
