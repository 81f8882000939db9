"""Public names of the environment: at Cloudflare, at a server of one's own, or as a zone file."""

from components.dns.component import DnsRecord, DnsRecordArgs, Look, cloudflare_provider, nothing_in_the_way
from components.dns.plan import CaaSpec, DnsSpec, Domain, MailSpec, Record, comment, records
from components.dns.zone_file import zone_file

__all__ = [
    "CaaSpec",
    "DnsRecord",
    "DnsRecordArgs",
    "DnsSpec",
    "Domain",
    "Look",
    "MailSpec",
    "Record",
    "cloudflare_provider",
    "comment",
    "nothing_in_the_way",
    "records",
    "zone_file",
]
