"""Which certificates the gateway really serves."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from doctor.findings import Finding, fail, ok, warn

TLS_LIMIT = 5.0
"""Seconds for one connection with its handshake."""

EXPIRY_WARN = timedelta(days=21)
"""Let's Encrypt's client renews 30 days before the end: with 21 left, nine days of attempts have failed."""

EXPIRY_FAIL = timedelta(days=7)
"""What is left for somebody to notice, a weekend included."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A certificate as it came. ``distrust``: why this machine's authorities do not vouch for it, None if they do or
    were not asked."""

    names: tuple[str, ...]
    issuer: str
    begins: datetime
    ends: datetime
    distrust: str | None = None


@dataclass(frozen=True, kw_only=True)
class NotServed:
    """There was no certificate; ``why`` in words."""

    why: str


async def fetch(
    address: str, domains: Iterable[str], *, trusted: bool, port: int = 443, limit: float = TLS_LIMIT
) -> dict[str, Served | NotServed]:
    """What ``address`` serves for each domain. ``trusted``: ask this machine's authorities too. All at once."""
    wanted = list(domains)
    found = await asyncio.gather(*(_fetch(address, port, domain, trusted, limit) for domain in wanted))
    return dict(zip(wanted, found, strict=True))


async def _fetch(address: str, port: int, domain: str, trusted: bool, limit: float) -> Served | NotServed:
    if trusted:
        try:
            return read(await _leaf(address, port, domain, True, limit))
        except ssl.SSLCertVerificationError as error:
            distrust: str | None = error.verify_message
        except (OSError, TimeoutError, ValueError):
            distrust = None
    else:
        distrust = None
    try:
        return read(await _leaf(address, port, domain, False, limit), distrust)
    except TimeoutError:
        return NotServed(why=f"no answer from {address} within {limit:g} s")
    except ConnectionRefusedError:
        return NotServed(why=f"port {port} of {address} refuses connections")
    except ssl.SSLError as error:
        return NotServed(
            why=f"the TLS handshake failed ({(error.reason or 'unknown').replace('_', ' ').lower()})"
        )
    except OSError as error:
        return NotServed(why=f"{address}: {error.strerror or type(error).__name__}")
    except ValueError:
        return NotServed(why="what is served is no certificate")


async def _leaf(address: str, port: int, domain: str, verified: bool, limit: float) -> bytes:
    # without this machine's authorities where nobody asks them: reading them takes longer than the handshake
    context = ssl.create_default_context() if verified else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # names are judged here, and in words
    context.check_hostname = False
    if not verified:
        context.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(limit):
        _, writer = await asyncio.open_connection(address, port, ssl=context, server_hostname=domain)
    content = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(limit):
            await writer.wait_closed()
    return content or b""


def read(content: bytes, distrust: str | None = None) -> Served:
    """A certificate in DER form. Raises ValueError if it is none."""
    certificate = x509.load_der_x509_certificate(content)
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = tuple(extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        names = ()
    common = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Served(
        names=names,
        issuer=str(common[0].value) if common else certificate.issuer.rfc4514_string(),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        distrust=distrust,
    )


def covers(names: Iterable[str], domain: str) -> bool:
    """Whether a certificate with these names is for ``domain``; a star stands for one label (RFC 9525)."""
    wildcard = f"*.{domain.partition('.')[2]}"
    return any(name.lower().rstrip(".") in (domain, wildcard) for name in names)


def judge_certificates(
    found: dict[str, Served | NotServed],
    now: datetime | None = None,
    *,
    local: bool,
    acme: bool = False,
    set_up: bool = True,
    up: str,
) -> list[Finding]:
    """A line for each domain.

    ``local``: the host makes the certificates itself, and `up` renews them. ``acme``: it asks an ACME server for them.
    ``set_up``: whether the host can serve any.
    """
    command = "sudo dhanman-certificates renew" if acme else "certbot renew"
    renew = up if local else f"on the gateway: {command}; docs/operations.md, Certificates"
    now = now or datetime.now(UTC)
    return [_judge(domain, served, now, renew, set_up, up) for domain, served in found.items()]


def _judge(
    domain: str, served: Served | NotServed, now: datetime, renew: str, set_up: bool, up: str
) -> Finding:
    subject = f"certificate {domain}"
    if isinstance(served, NotServed):
        if not set_up:
            return warn(subject, f"{served.why}: nothing was set up here yet", up)
        return fail(subject, served.why, "on the gateway: systemctl status nginx; nginx -t")
    left = served.ends - now
    issued = f"issued by {served.issuer}"
    if not covers(served.names, domain):
        names = ", ".join(served.names[:3]) or "no name"
        return fail(subject, f"the certificate is for {names}, {issued}", renew)
    if now < served.begins:
        return fail(
            subject,
            f"not valid before {served.begins:%Y-%m-%d %H:%M} UTC, {issued}",
            "the clocks; then " + renew,
        )
    if left <= timedelta():
        return fail(subject, f"expired on {served.ends:%Y-%m-%d}, {issued}", renew)
    text = f"{left.days} days left, {issued}"
    if left < EXPIRY_FAIL:
        return fail(subject, text, renew)
    if served.distrust:
        return fail(subject, f"{text}; not trusted here: {served.distrust}", renew)
    if left < EXPIRY_WARN:
        return warn(subject, text, renew)
    return ok(subject, text)
