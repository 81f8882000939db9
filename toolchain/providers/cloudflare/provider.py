"""Stand-in for pulumi-cloudflare: `DnsRecord` and `R2Bucket`."""

from __future__ import annotations

from toolchain.providers.cloudflare.api import Api
from toolchain.providers.cloudflare.dns_record import DnsRecord
from toolchain.providers.cloudflare.r2_bucket import R2Bucket
from toolchain.providers.servicer import Provider
from toolchain.providers.wire import Properties, plain


class CloudflareProvider(Provider):
    """The provider `cloudflare`: credentials from its configuration or the environment."""

    types = {
        "cloudflare:index/dnsRecord:DnsRecord": DnsRecord,
        "cloudflare:index/r2Bucket:R2Bucket": R2Bucket,
    }
    api: Api

    def configure(self, args: Properties) -> None:
        """Take credentials and the address of the API."""
        self.api = Api.configured({name: plain(value) for name, value in args.items()})
