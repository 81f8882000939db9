"""Asking an S3 store about a bucket, and changing it, where the store offers that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_NOT_OFFERED = {
    "NotImplemented",
    "MethodNotAllowed",
    "UnsupportedOperation",
    "VersioningNotConfigured",
    "501",
    "405",
}
_NONE = {
    "NoSuchTagSet",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
}
_UNSEEN = {"AccessDenied", "403"}


class Calls:
    """``client``: boto3's. ``not_offered``: what the store can't do; ``unseen``: what the key may not read."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client, self._bucket = client, bucket
        self.not_offered: list[str] = []
        self.unseen: list[str] = []

    def forget(self) -> None:
        """Begin to note anew."""
        self.not_offered, self.unseen = [], []

    def read(self, what: str, operation: str, path: list[str], nothing: Any) -> Any:
        """The member at ``path`` of the answer, ``nothing`` where there is none, or None where it can't be had.

        ``what`` is then noted under that name, unless it is empty.
        """
        try:
            value = getattr(self.client, operation)(Bucket=self._bucket)
        except self.client.exceptions.ClientError as error:
            code = str(error.response["Error"].get("Code"))
            if code in _NONE:
                return nothing
            if code not in _NOT_OFFERED | _UNSEEN:
                raise
            if what:
                (self.unseen if code in _UNSEEN else self.not_offered).append(what)
            return None
        for member in path:
            value = value.get(member) if isinstance(value, dict) else None
        return nothing if value is None else value

    def write(self, operation: str, **options: Any) -> None:
        """Change it, where the store offers that."""
        call: Callable[..., Any] = getattr(self.client, operation)
        try:
            call(Bucket=self._bucket, **options)
        except self.client.exceptions.ClientError as error:
            if str(error.response["Error"].get("Code")) not in _NOT_OFFERED:
                raise
