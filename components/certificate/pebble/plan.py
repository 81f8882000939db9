"""Pebble and its DNS on the host itself, for environments that no ACME server of the world can reach. Pure.

Nobody trusts what it signs, and it forgets its accounts and CA whenever it starts. Source: Pebble's README
(https://github.com/letsencrypt/pebble).
"""

from __future__ import annotations

import json

from components.naming import CONFIG_ROOT, UNITS
from components.templates import Templates
from components.unit import (
    Directory,
    File,
    LocalCertificate,
    Packages,
    Service,
    TcpCheck,
    Unit,
    Validation,
)

PORT, MANAGEMENT_PORT, DNS_PORT, DNS_MANAGEMENT_PORT = 14000, 15000, 8053, 8055
"""All on loopback alone."""
FOLDER = f"{CONFIG_ROOT}/pebble"
DIRECTORY = f"https://localhost:{PORT}/dir"
AUTHORITY = f"{FOLDER}/ca.crt"
"""Vouches for Pebble itself, not for what Pebble signs."""
RESOLVER = f"127.0.0.1:{DNS_PORT}"
ROOT = "/run/dhanman-pebble/root.pem"
"""The CA of what Pebble signs, until it starts anew."""
LIFE = 90 * 86400
"""Seconds that its certificates are good for, as Let's Encrypt's."""

_TEMPLATES = Templates(__file__)


def pebble_unit(environment: str, address: str) -> Unit:
    """Unit ``pebble-{env}``. ``address``: what every name resolves to, which is where Pebble looks for proofs."""
    server, dns = f"dhanman-pebble-{environment}.service", f"dhanman-pebble-dns-{environment}.service"
    configuration = f"{FOLDER}/pebble.json"
    credentials = f"/run/credentials/{server}"
    content = {
        "pebble": {
            "listenAddress": f"127.0.0.1:{PORT}",
            "managementListenAddress": f"127.0.0.1:{MANAGEMENT_PORT}",
            "certificate": f"{credentials}/fullchain.pem",
            "privateKey": f"{credentials}/privkey.pem",
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": LIFE,
        }
    }
    values = {
        "environment": environment,
        "configuration": configuration,
        "folder": FOLDER,
        "authority": AUTHORITY,
        "resolver": RESOLVER,
        "dns": dns,
        "dns_management": f"127.0.0.1:{DNS_MANAGEMENT_PORT}",
        "management_port": MANAGEMENT_PORT,
        "address": address,
        "ipv6": ":" in address,
        "root": ROOT,
    }
    templates = {server: "dhanman-pebble.service", dns: "dhanman-pebble-dns.service"}
    return Unit(
        name=f"pebble-{environment}",
        things=(
            Packages(name=f"pebble-{environment}", packages=("curl", "openssl", "pebble")),
            Directory(path=FOLDER),
            LocalCertificate(directory=FOLDER, domain="localhost"),
            File(path=configuration, content=json.dumps(content, indent=2) + "\n", notify=(f"restart {server}",)),
            *(
                File(
                    path=f"{UNITS}/{unit}",
                    content=_TEMPLATES.render(f"etc/systemd/system/{template}", **values),
                    notify=("daemon-reload", f"restart {unit}"),
                )
                for unit, template in templates.items()
            ),
            Service(unit=dns),
            Service(unit=server),
        ),
        validations=(
            Validation(
                argv=(
                    "systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                    *(f"{UNITS}/{unit}" for unit in templates),
                )
            ),
        ),
        checks=(TcpCheck(port=PORT),),
    )  # fmt: skip
