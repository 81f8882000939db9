"""Public names of the environment, in Cloudflare."""

from components.dns.component import DnsRecord, DnsRecordArgs, cloudflare_provider
from components.dns.plan import AUTOMATIC_TTL, AddressRecord, DnsRecordSpec, address_records

__all__ = [
    "AUTOMATIC_TTL",
    "AddressRecord",
    "DnsRecord",
    "DnsRecordArgs",
    "DnsRecordSpec",
    "address_records",
    "cloudflare_provider",
]
