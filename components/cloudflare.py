"""What this program uses of pulumi-cloudflare, without the rest of it.

The package imports its seven hundred modules whichever of them is asked for: more than half of what a preview of qa or
prod costs. The modules themselves need nothing of one another, so the few that are used are imported under a package
whose own program is not run. What imports the package itself later gets it whole.

Even so it is a good part of a second: imported where the first resource of Cloudflare is made, and by nobody else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec

_PACKAGE = "pulumi_cloudflare"


@contextmanager
def _not_run() -> Iterator[None]:
    """Inside, modules of the package can be imported and the package's own program does not run."""
    spec = find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or spec is None:
        yield  # it is there whole, or the import says that it is missing
        return
    sys.modules[_PACKAGE] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]


with _not_run():
    from pulumi_cloudflare._inputs import (
        DnsRecordDataArgs,
        R2BucketLifecycleRuleAbortMultipartUploadsTransitionArgs,
        R2BucketLifecycleRuleAbortMultipartUploadsTransitionConditionArgs,
        R2BucketLifecycleRuleArgs,
        R2BucketLifecycleRuleConditionsArgs,
    )
    from pulumi_cloudflare.account_token import AccountToken
    from pulumi_cloudflare.dns_record import DnsRecord
    from pulumi_cloudflare.provider import Provider
    from pulumi_cloudflare.r2_bucket import R2Bucket
    from pulumi_cloudflare.r2_bucket_lifecycle import R2BucketLifecycle
    from pulumi_cloudflare.r2_bucket_lock import R2BucketLock
    from pulumi_cloudflare.r2_managed_domain import R2ManagedDomain

__all__ = [
    "AccountToken",
    "DnsRecord",
    "DnsRecordDataArgs",
    "Provider",
    "R2Bucket",
    "R2BucketLifecycle",
    "R2BucketLifecycleRuleAbortMultipartUploadsTransitionArgs",
    "R2BucketLifecycleRuleAbortMultipartUploadsTransitionConditionArgs",
    "R2BucketLifecycleRuleArgs",
    "R2BucketLifecycleRuleConditionsArgs",
    "R2BucketLock",
    "R2ManagedDomain",
]
