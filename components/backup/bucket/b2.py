"""A Backblaze B2 bucket, and the host's key for it.

B2 keeps every version of a file, and deleting one by its name only hides it. So the bucket gets a lifecycle rule that
deletes what is hidden some days later, and the host a key that may hide and not delete: what an intruder deletes
with it is there until then. Source: Backblaze's documentation, "Lifecycle Rules", "Application Key Capabilities",
"S3-Compatible App Keys", "Object Lock".
"""

from __future__ import annotations

from typing import Any

from components.backup.bucket.ensure import Found, Refusal
from components.backup.bucket.spec import OWNER, UNFINISHED_DAYS, Lock, Wanted, WantedKey

PRIVATE = "allPrivate"
CAPABILITIES = ("listBuckets", "listFiles", "readFiles", "writeFiles")
"""What the host's key may: read, write and hide. Not ``deleteFiles``: that deletes a version for good."""
_DELETE = "daysFromHidingToDeleting"
_HIDE = "daysFromUploadingToHiding"
_CANCEL = "daysFromStartingToCancelingUnfinishedLargeFiles"


def lifecycle(hidden_days: int) -> dict[str, Any]:
    """The one rule of the bucket, for all files. B2 deletes a marker of a file that is gone by itself."""
    return {"fileNamePrefix": "", _DELETE: hidden_days, _HIDE: None, _CANCEL: UNFINISHED_DAYS}


def authorized(key_id: str, key: str) -> Any:
    """Backblaze's API with a key."""
    from b2sdk.v2 import B2Api, InMemoryAccountInfo

    api = B2Api(InMemoryAccountInfo())
    api.authorize_account("production", key_id, key)
    return api


class B2Store:
    """``api``: an authorized ``b2sdk.v2.B2Api``."""

    def __init__(self, wanted: Wanted, api: Any) -> None:
        self._wanted, self._api = wanted, api

    def look(self) -> Found | None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        from b2sdk.v2.exception import NonExistentBucket, RestrictedBucket

        try:
            bucket = self._api.get_bucket_by_name(self._wanted.name)
        except NonExistentBucket:
            return None
        except RestrictedBucket as error:
            raise Refusal(
                f"the key {self._wanted.key_id} is for another bucket than {self._wanted.name}",
                "correct backup.bucket.name or its keys",
            ) from error
        ours, foreign = _rules(bucket.lifecycle_rules)
        differences, unseen = [], []
        if bucket.type_ != PRIVATE:
            differences.append(f"it is public ({bucket.type_})")
        if ours != lifecycle(self._wanted.hidden_days):
            differences.append(f"hidden files: {_life(ours)}; wanted: {self._wanted.hidden_days} days")
        seen, lock = _lock(bucket)
        if not seen:
            unseen.append("object lock (readBucketRetentions)")
        elif lock != self._wanted.lock:
            differences.append(f"object lock: {lock or 'none'}; wanted: {self._wanted.lock or 'none'}")
        return Found(
            owner=bucket.bucket_info.get(OWNER, ""),
            differences=tuple(differences),
            foreign=tuple(f"lifecycle rule of others: {_described(rule)}" for rule in foreign),
            unseen=tuple(unseen),
        )

    def create(self) -> None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        from b2sdk.v2.exception import DuplicateBucketName

        try:
            self._api.create_bucket(
                self._wanted.name,
                PRIVATE,
                bucket_info={OWNER: self._wanted.environment},
                lifecycle_rules=[lifecycle(self._wanted.hidden_days)],
                is_file_lock_enabled=self._wanted.lock is not None,
            )
        except DuplicateBucketName as error:
            raise Refusal(
                f"the name {self._wanted.name} is taken by somebody else at Backblaze",
                "give backup.bucket.name another name",
            ) from error

    def correct(self) -> None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        bucket = self._api.get_bucket_by_name(self._wanted.name)
        seen, lock = _lock(bucket)
        options: dict[str, Any] = {}
        if lock != self._wanted.lock:
            if not seen:
                step = (
                    "give it readBucketRetentions and writeBucketRetentions, or take backup.bucket.lock away"
                )
                raise Refusal(f"the key {self._wanted.key_id} may not see object lock", step)
            options["default_retention"] = _retention(self._wanted.lock)
            if self._wanted.lock and not bucket.is_file_lock_enabled:
                options["is_file_lock_enabled"] = True
        bucket.update(
            bucket_type=PRIVATE,
            bucket_info=bucket.bucket_info | {OWNER: self._wanted.environment},
            lifecycle_rules=[lifecycle(self._wanted.hidden_days)],
            **options,
        )


def make_key(wanted: WantedKey, api: Any) -> tuple[str, str]:
    """The host's key: its id and its secret half, which B2 shows this once.

    One of the same name is of a run that was broken off before anybody had its secret: it is deleted.
    """
    bucket = api.get_bucket_by_name(wanted.bucket)
    for old in [key for key in api.list_keys() if key.key_name == wanted.name]:
        api.delete_key_by_id(old.id_)
    made = api.create_key(
        list(CAPABILITIES), wanted.name, bucket_id=bucket.id_, name_prefix=f"{wanted.prefix}/"
    )
    return made.id_, made.application_key


def delete_key(key_id: str, api: Any) -> bool:
    """Delete a key; whether it was still there."""
    if key_id not in {key.id_ for key in api.list_keys()}:
        return False
    api.delete_key_by_id(key_id)
    return True


def _rules(rules: list[dict[str, Any]] | None) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Our rule, filled up with its defaults, and the others."""
    full = [{_DELETE: None, _HIDE: None, _CANCEL: None} | rule for rule in rules or []]
    ours = [rule for rule in full if rule["fileNamePrefix"] == "" and rule[_HIDE] is None]
    return (ours[0] if ours else None), [rule for rule in full if rule not in ours[:1]]


def _life(rule: dict[str, Any] | None) -> str:
    if rule is None or rule[_DELETE] is None:
        return "kept for ever"
    return f"{rule[_DELETE]} days" + ("" if rule[_CANCEL] else ", unfinished uploads kept for ever")


def _described(rule: dict[str, Any]) -> str:
    hidden = f", hidden after {rule[_HIDE]} days" if rule[_HIDE] else ""
    return f"prefix '{rule['fileNamePrefix']}'{hidden}, deleted {rule[_DELETE] or 'no'} days after"


def _lock(bucket: Any) -> tuple[bool, Lock | None]:
    """Whether the key may see it, and the lock that new files get."""
    from b2sdk.v2 import RetentionMode

    retention = bucket.default_retention
    if retention is None or retention.mode is RetentionMode.UNKNOWN:
        return False, None
    if retention.mode is RetentionMode.NONE or retention.period is None:
        return True, None
    days = retention.period.duration * (365 if retention.period.unit == "years" else 1)
    return True, Lock(days=days, mode=str(retention.mode.value))


def _retention(lock: Lock | None) -> Any:
    from b2sdk.v2 import NO_RETENTION_BUCKET_SETTING, BucketRetentionSetting, RetentionMode, RetentionPeriod

    if lock is None:
        return NO_RETENTION_BUCKET_SETTING
    return BucketRetentionSetting(RetentionMode(lock.mode), RetentionPeriod(days=lock.days))
