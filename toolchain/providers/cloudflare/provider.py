"""Stand-in for pulumi-cloudflare: DNS records, R2 buckets with what belongs to them, and tokens."""

from __future__ import annotations

from toolchain.providers.cloudflare.account_token import AccountToken
from toolchain.providers.cloudflare.api import Api
from toolchain.providers.cloudflare.dns_record import DnsRecord
from toolchain.providers.cloudflare.r2_bucket import R2Bucket
from toolchain.providers.cloudflare.r2_rules import R2BucketLifecycle, R2BucketLock, R2ManagedDomain
from toolchain.providers.servicer import Provider
from toolchain.providers.wire import Properties, plain


class CloudflareProvider(Provider):
    """The provider `cloudflare`: credentials from its configuration or the environment."""

    types = {
        "cloudflare:index/dnsRecord:DnsRecord": DnsRecord,
        "cloudflare:index/accountToken:AccountToken": AccountToken,
        "cloudflare:index/r2Bucket:R2Bucket": R2Bucket,
        "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle": R2BucketLifecycle,
        "cloudflare:index/r2BucketLock:R2BucketLock": R2BucketLock,
        "cloudflare:index/r2ManagedDomain:R2ManagedDomain": R2ManagedDomain,
    }
    api: Api

    def configure(self, args: Properties) -> None:
        """Take credentials and the address of the API."""
        self.api = Api.configured({name: plain(value) for name, value in args.items()})
