"""An R2 bucket and the host's token for it, as resources of pulumi-cloudflare.

Source: Cloudflare's R2 documentation, "Bucket locks", "Object lifecycles", "Authentication". The lock is for the
dumps alone, whose names are used once: pgBackRest writes some of its files anew under the same name, and R2 keeps no
versions, so a lock on those would stop it.

``components.cloudflare`` is imported where a bucket is made: others never pay for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import pulumi

from components.backup.bucket.spec import UNFINISHED_DAYS, BucketSpec

ITEM_WRITE = "2efd5506f9c8494dacb1fa10a3e7d5b6"
"""Cloudflare's permission group "Workers R2 Storage Bucket Item Write": read, write and list objects, nothing else."""
DAY = 24 * 3600


def bucket(
    name: str, spec: BucketSpec, parent: pulumi.Resource, *, protect: bool
) -> Sequence[pulumi.Resource]:
    """The bucket with its rules; none of it is deleted at Cloudflare when it is deleted from the state."""
    from components import cloudflare

    kept = pulumi.ResourceOptions(parent=parent, protect=protect, retain_on_delete=True)
    adopted = pulumi.ResourceOptions(import_=f"{spec.account}/{spec.name}/{spec.jurisdiction}")
    made = cloudflare.R2Bucket(
        f"{name}-r2",
        account_id=spec.account,
        name=spec.name,
        jurisdiction=spec.jurisdiction,
        location=spec.location,
        opts=pulumi.ResourceOptions.merge(kept, adopted) if spec.adopt else kept,
    )
    after = pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[made]))
    private = cloudflare.R2ManagedDomain(
        f"{name}-private",
        account_id=spec.account,
        bucket_name=spec.name,
        jurisdiction=spec.jurisdiction,
        enabled=False,
        opts=after,
    )
    age = cloudflare.R2BucketLifecycleRuleAbortMultipartUploadsTransitionConditionArgs(
        type="Age", max_age=UNFINISHED_DAYS * DAY
    )
    unfinished = cloudflare.R2BucketLifecycleRuleArgs(
        id="dhanman-unfinished-uploads",
        enabled=True,
        conditions=cloudflare.R2BucketLifecycleRuleConditionsArgs(prefix=""),
        abort_multipart_uploads_transition=cloudflare.R2BucketLifecycleRuleAbortMultipartUploadsTransitionArgs(
            condition=age
        ),
    )
    lifecycle = cloudflare.R2BucketLifecycle(
        f"{name}-lifecycle",
        account_id=spec.account,
        bucket_name=spec.name,
        jurisdiction=spec.jurisdiction,
        rules=[unfinished],
        opts=after,
    )
    lock = cloudflare.R2BucketLock(
        f"{name}-lock",
        account_id=spec.account,
        bucket_name=spec.name,
        jurisdiction=spec.jurisdiction,
        rules=[
            {
                "id": "dhanman-dumps",
                # no lock is a rule that is off: the resource stays, since deleting it would leave its rule behind
                "enabled": spec.lock is not None,
                "prefix": f"{spec.prefix}/{spec.environment}-",
                "condition": {"type": "Age", "max_age_seconds": (spec.lock.days if spec.lock else 1) * DAY},
            }
        ],
        opts=after,
    )
    return (made, private, lifecycle, lock)


def key(
    name: str, spec: BucketSpec, parent: pulumi.Resource, after: Sequence[pulumi.Resource]
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """A token for the objects of this bucket, as an S3 client uses it: its id, and a digest of its value."""
    from components import cloudflare

    resource = f"com.cloudflare.edge.r2.bucket.{spec.account}_{spec.jurisdiction}_{spec.name}"
    token = cloudflare.AccountToken(
        f"{name}-{spec.key_number}-key",
        account_id=spec.account,
        name=spec.key_name,
        policies=[
            {
                "effect": "allow",
                "permission_groups": [{"id": ITEM_WRITE}],
                "resources": json.dumps({resource: "*"}),
            }
        ],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=after),
    )
    value: pulumi.Input[str] = token.value
    secret = pulumi.Output.secret(value).apply(lambda value: hashlib.sha256(value.encode()).hexdigest())
    return token.id, secret
