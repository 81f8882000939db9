"""A bucket of any S3-compatible store.

Source: Amazon's S3 API reference and user guide ("Using versioning", "Managing the lifecycle of objects", "Using
Object Lock", "Blocking public access"). What a store does not offer is named and left out; a lock that was
asked for must be there, and lifecycle rules with it.
"""

from __future__ import annotations

import json
from typing import Any

from components.backup.bucket.ensure import Found, Refusal, Unreachable
from components.backup.bucket.s3_calls import Calls
from components.backup.bucket.s3_rules import OURS, described, lifecycle, same
from components.backup.bucket.spec import OWNER, Lock, Wanted

RULES, BLOCK = "lifecycle rules", "a block on public access"
_MALFORMED = {"InvalidArgument", "InvalidRequest", "MalformedXML"}
_EVERYBODY = ("AllUsers", "AuthenticatedUsers", "all-users")
_BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def client(wanted: Wanted) -> Any:
    """boto3's client for the store."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=wanted.endpoint,
        region_name=wanted.region,
        aws_access_key_id=wanted.key_id,
        aws_secret_access_key=wanted.key,
        config=Config(
            retries={"max_attempts": 3 if wanted.change else 1},
            connect_timeout=15 if wanted.change else 5,
            s3={"addressing_style": "path"},
        ),
    )


class S3Store:
    """``client``: boto3's."""

    def __init__(self, wanted: Wanted, client: Any) -> None:
        self._wanted, self._client = wanted, client
        self._calls = Calls(client, wanted.name)

    def look(self) -> Found | None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        if not self._exists():
            return None
        self._calls.forget()
        tags = self._calls.read("tags", "get_bucket_tagging", ["TagSet"], []) or []
        differences = self._public()
        foreign = []
        rules = self._calls.read(RULES, "get_bucket_lifecycle_configuration", ["Rules"], [])
        if rules is not None:
            ours = [rule for rule in rules if str(rule.get("ID", "")).startswith(OURS)]
            foreign = [
                f"lifecycle rule of others: {rule.get('ID') or rule}" for rule in rules if rule not in ours
            ]
            needed, all_of_them = lifecycle(self._wanted.hidden_days)[:1], lifecycle(self._wanted.hidden_days)
            if same(ours, needed):
                self._calls.not_offered.append("a rule for unfinished uploads")
            elif not same(ours, all_of_them):
                differences.append(
                    f"old versions: {described(ours)}; wanted: {self._wanted.hidden_days} days"
                )
        differences += [*self._versions(), *self._locked()]
        return Found(
            owner=next((tag["Value"] for tag in tags if tag["Key"] == OWNER), ""),
            differences=tuple(differences),
            foreign=tuple(foreign),
            not_offered=tuple(self._calls.not_offered),
            unseen=tuple(self._calls.unseen),
        )

    def create(self) -> None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        options: dict[str, Any] = {}
        if self._wanted.region != "us-east-1":
            options["CreateBucketConfiguration"] = {"LocationConstraint": self._wanted.region}
        if self._wanted.lock:
            options["ObjectLockEnabledForBucket"] = True
        try:
            self._client.create_bucket(Bucket=self._wanted.name, **options)
        except self._client.exceptions.BucketAlreadyExists as error:
            raise self._taken() from error
        self._mark()

    def correct(self) -> None:
        """See :class:`components.backup.bucket.ensure.Store`."""
        wanted, name = self._wanted, self._wanted.name
        self.look()  # for what the store offers
        if BLOCK not in self._calls.not_offered:
            self._calls.write("put_public_access_block", PublicAccessBlockConfiguration=_BLOCK)
        if self._public_by_list():
            self._client.put_bucket_acl(Bucket=name, ACL="private")
        if self._public_by_policy():
            self._client.delete_bucket_policy(Bucket=name)
        if RULES not in self._calls.not_offered:
            self._calls.write("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})
            self._write_rules()
        if self._lock() != wanted.lock:
            self._set_lock(wanted.lock)
        self._mark()

    def _set_lock(self, lock: Lock | None) -> None:
        configuration: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
        if lock:
            retention = {"Mode": lock.mode.upper(), "Days": lock.days}
            configuration["Rule"] = {"DefaultRetention": retention}
        try:
            self._calls.write("put_object_lock_configuration", ObjectLockConfiguration=configuration)
        except self._client.exceptions.ClientError as error:
            if error.response["Error"].get("Code") != "InvalidBucketState":
                raise
            raise Refusal(
                f"the store of bucket {self._wanted.name} locks no bucket that was made without a lock",
                "take backup.bucket.lock away, or give backup.bucket.name another name: a new bucket can have one",
                (str(error.response["Error"].get("Message")),),
            ) from error

    def _write_rules(self) -> None:
        """All rules; MinIO refuses the one for unfinished uploads, which it removes by itself after a day."""
        rules, write = lifecycle(self._wanted.hidden_days), "put_bucket_lifecycle_configuration"
        try:
            self._calls.write(write, LifecycleConfiguration={"Rules": rules})
        except self._client.exceptions.ClientError as error:
            if str(error.response["Error"].get("Code")) not in _MALFORMED:
                raise
            self._calls.write(write, LifecycleConfiguration={"Rules": rules[:1]})

    def _exists(self) -> bool:
        from botocore.exceptions import ConnectionError as NoConnection

        try:
            self._client.head_bucket(Bucket=self._wanted.name)
        except NoConnection as error:
            raise Unreachable(str(error)) from error
        except self._client.exceptions.ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == 404:
                return False
            if status == 403:
                raise self._taken() from error
            raise
        return True

    def _taken(self) -> Refusal:
        key = f"the key {self._wanted.key_id}"
        return Refusal(
            f"bucket {self._wanted.name} is somebody else's, or {key} is wrong or may not see it",
            "check backup.bucket's name, endpoint, region and keys",
        )

    def _mark(self) -> None:
        tags = self._calls.read("", "get_bucket_tagging", ["TagSet"], [])
        if tags is not None:
            others = [tag for tag in tags if tag["Key"] != OWNER]
            self._calls.write(
                "put_bucket_tagging",
                Tagging={"TagSet": [*others, {"Key": OWNER, "Value": self._wanted.environment}]},
            )

    def _public(self) -> list[str]:
        found = []
        if self._public_by_list("access list"):
            found.append("it is public (by its access list)")
        if self._public_by_policy("public policies"):
            found.append("it is public (by its policy)")
        key = "PublicAccessBlockConfiguration"
        answer = self._calls.read(BLOCK, "get_public_access_block", [], {key: {}})
        if answer is not None and key not in answer:
            # MinIO does not know the question and answers another one
            self._calls.not_offered.append(BLOCK)
        elif answer is not None and answer[key] != _BLOCK:
            found.append("public access: not blocked")
        return found

    def _public_by_list(self, what: str = "") -> bool:
        grants = self._calls.read(what, "get_bucket_acl", ["Grants"], []) or []
        who = [str(g["Grantee"].get("URI") or g["Grantee"].get("ID")) for g in grants]
        return any(name.endswith(_EVERYBODY) for name in who)

    def _public_by_policy(self, what: str = "") -> bool:
        """By the store's own judgement, or since the policy names everybody: stores judge differently."""
        judged = self._calls.read(what, "get_bucket_policy_status", ["PolicyStatus", "IsPublic"], False)
        text = self._calls.read("", "get_bucket_policy", ["Policy"], "{}")
        statements = json.loads(text or "{}").get("Statement", [])
        return bool(judged) or any(
            one.get("Effect") == "Allow"
            and one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
            and not one.get("Condition")
            for one in (statements if isinstance(statements, list) else [statements])
        )

    def _versions(self) -> list[str]:
        """A store without lifecycle rules is not asked to keep versions: nothing would ever delete them."""
        if RULES in self._calls.not_offered:
            return []
        status = self._calls.read("versions", "get_bucket_versioning", ["Status"], "Disabled")
        return [] if status in (None, "Enabled") else ["versions: not kept; wanted: kept"]

    def _locked(self) -> list[str]:
        lock, wanted = self._lock("object lock"), self._wanted.lock
        lacking = [what for what in ("object lock", RULES) if wanted and what in self._calls.not_offered]
        if lacking:
            step = "take backup.bucket.lock away, or choose a store that has both"
            raise Refusal(
                f"the store of bucket {self._wanted.name} offers no {' and no '.join(lacking)}", step
            )
        if "object lock" in self._calls.unseen or lock == wanted:
            return []
        return [f"object lock: {lock or 'none'}; wanted: {wanted or 'none'}"]

    def _lock(self, what: str = "") -> Lock | None:
        path = ["ObjectLockConfiguration", "Rule", "DefaultRetention"]
        rule = self._calls.read(what, "get_object_lock_configuration", path, None)
        if not rule:
            return None
        return Lock(days=rule.get("Days") or rule.get("Years", 0) * 365, mode=str(rule["Mode"]).lower())
