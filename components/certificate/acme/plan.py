"""Certificates from an ACME server, as host units. Pure.

Source: RFC 8555; certbot's manual (``--csr``, ``--webroot``, the Cloudflare plugin); Let's Encrypt's integration guide
(when to renew, random times); systemd.timer(5).
"""

from __future__ import annotations

import json
from pathlib import Path

from components.certificate.pebble import plan as pebble
from components.certificate.spec import ACME_ROOT, AcmeSpec, CertificateSpec
from components.naming import CONFIG_ROOT, UNITS
from components.notifier.watched import Watched, on_failure
from components.templates import Templates
from components.unit import (
    AcmeCertificates,
    File,
    IssuedCertificates,
    Packages,
    Service,
    Thing,
    Unit,
    Validation,
)

LIBRARY = "/usr/local/lib/dhanman-certificates"
COMMAND = "/usr/local/sbin/dhanman-certificates"
SOURCE = Path(__file__).resolve().parents[3] / "certctl"
WEBROOT = "/var/www/acme"
"""Where the gateway serves proofs from; the folder is the gateway's."""
SYSTEM_EXISTING = "/etc/letsencrypt/live"
"""Where a server that was set up by hand has certificates to begin with."""

_TEMPLATES = Templates(__file__)


def base(environment: str) -> str:
    """Name of units and folders."""
    return f"dhanman-certificates-{environment}"


def state(environment: str) -> str:
    """Where status, metrics and the log of the last request are."""
    return f"/var/lib/{base(environment)}"


def acme_unit(spec: CertificateSpec, acme: AcmeSpec, token: str) -> Unit:
    """Unit ``certificates-acme-{env}``: client, timer, and for each certificate at least something that NGINX can read.

    ``token``: of Cloudflare's DNS for the challenge ``dns-01``, or empty.
    """
    environment = spec.environment
    folder = f"{CONFIG_ROOT}/{environment}"
    configuration = f"{folder}/certificates.json"
    authority = f"{folder}/acme-authority.pem" if acme.authority else None
    credentials = f"{folder}/acme-cloudflare.ini" if acme.challenge == "dns-01" else None
    packages = ["certbot", "iproute2", "openssl", "python3"]
    if credentials:
        packages.append("python3-certbot-dns-cloudflare")
    content = _configuration(
        spec, acme, authority or (pebble.AUTHORITY if acme.pebble else None), credentials
    )
    things: list[Thing] = [
        Packages(name=spec.unit, packages=tuple(packages)),
        File(path=configuration, content=json.dumps(content, indent=2) + "\n"),
        *([File(path=authority, content=acme.authority)] if authority and acme.authority else []),
        *(
            [
                File(
                    path=credentials,
                    content=f"dns_cloudflare_api_token = {token}\n",
                    mode="0400",
                    secret=True,
                )
            ]
            if credentials
            else []
        ),
        *_program(configuration),
        *_timer(spec, acme),
        AcmeCertificates(
            path=ACME_ROOT, state=state(environment), program=COMMAND, names=tuple(spec.certificates)
        ),
        Service(unit=f"{base(environment)}.timer"),
    ]
    if acme.alerts:
        things.append(_watched(environment, acme).file(environment))
    units = tuple(f"{UNITS}/{base(environment)}.{kind}" for kind in ("service", "timer"))
    return Unit(
        name=spec.unit,
        things=tuple(things),
        validations=(
            Validation(argv=("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)),
            Validation(argv=("systemd-analyze", "calendar", acme.schedule)),
        ),
        redact=(token,) if token else (),
    )


def issued_unit(spec: CertificateSpec, acme: AcmeSpec) -> Unit:
    """Unit ``certificates-issued-{env}``, after the gateway: every certificate is the ACME server's and is served."""
    return Unit(
        name=f"certificates-issued-{spec.environment}",
        things=(
            IssuedCertificates(
                name=spec.environment,
                program=COMMAND,
                certificates=spec.certificates,
                directory=acme.directory,
                key_type=acme.key_type,
            ),
        ),
    )


def _configuration(
    spec: CertificateSpec, acme: AcmeSpec, authority: str | None, credentials: str | None
) -> dict[str, object]:
    return {
        "environment": spec.environment,
        "certificates": spec.certificates,
        "root": ACME_ROOT,
        "state": state(spec.environment),
        "directory": acme.directory,
        "authority": authority,
        "challenge": acme.challenge,
        "webroot": WEBROOT,
        "credentials": credentials,
        "cloudflare_url": acme.cloudflare_url,
        "email": acme.email,
        "key_type": acme.key_type,
        "renew_before": acme.renew_before,
        "alert_before": acme.alert_before,
        "addresses": acme.addresses,
        "dns_timeout": acme.dns_timeout,
        "resolvers": [pebble.RESOLVER] if acme.pebble else [],
        "existing": SYSTEM_EXISTING,
    }


def _program(configuration: str) -> list[Thing]:
    return [
        *(
            File(path=f"{LIBRARY}/certctl/{path.name}", content=path.read_text(encoding="utf-8"))
            for path in sorted(SOURCE.glob("*.py"))
        ),
        File(
            path=COMMAND,
            content=_TEMPLATES.render(COMMAND, library=LIBRARY, configuration=configuration),
            mode="0755",
        ),
    ]


def _timer(spec: CertificateSpec, acme: AcmeSpec) -> list[Thing]:
    environment = spec.environment
    name = base(environment)
    return [
        File(
            path=f"{UNITS}/{name}.service",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-certificates.service",
                environment=environment,
                base=name,
                root=ACME_ROOT,
                webroot=WEBROOT,
                on_failure=on_failure(environment) if acme.alerts else None,
            ),
            notify=("daemon-reload",),
        ),
        File(
            path=f"{UNITS}/{name}.timer",
            content=_TEMPLATES.render(
                "etc/systemd/system/dhanman-certificates.timer",
                environment=environment,
                schedule=acme.schedule,
                jitter=acme.jitter,
            ),
            notify=("daemon-reload", f"restart {name}.timer"),
        ),
    ]


def _watched(environment: str, acme: AcmeSpec) -> Watched:
    name = base(environment)
    return Watched(
        name="certificates",
        title="certificates of the gateway",
        next_step="sudo dhanman-certificates show; docs/operations.md, Certificates; dhanman-certificates renew",
        units=(f"{name}.service",),
        timers=(f"{name}.timer",),
        report=f"{state(environment)}/certificates.json",
        schedule=acme.schedule,
    )
