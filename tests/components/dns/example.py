"""An environment's names with a record of every kind."""

from __future__ import annotations

from components.dns.plan import CaaSpec, DnsSpec, Domain, MailSpec

ZONE = "example.test"
LONG_KEY = "k=rsa;p=" + "MIGfMA0G" * 48
FULL = DnsSpec(
    zone=ZONE,
    domains=(Domain(name=f"sales.{ZONE}", ttl=300), Domain(name=f"app.{ZONE}", ttl=600)),
    ipv4="192.0.2.1",
    ipv6="2001:db8::1",
    ttl=300,
    caa=CaaSpec(
        names=(f"sales.{ZONE}",),
        issuers=("letsencrypt.org",),
        wildcard_issuers=(),
        iodef="mailto:ops@example.test",
    ),
    mail=MailSpec(
        domain=ZONE,
        verification="brevo-code:0123",
        spf_include=("spf.brevo.com",),
        dkim=(("brevo1", "CNAME", "b1.example-test.dkim.brevo.com"), ("long", "TXT", LONG_KEY)),
        dmarc_rua=("rua@dmarc.brevo.com",),
    ),
)
