"""From settings to the gateway and the front end."""

from __future__ import annotations

from components import specs
from components.certificate.spec import CertificatePaths
from components.gateway.cloudflare import NETWORKS
from components.gateway.spec import GatewaySpec, Rate
from components.settings import Settings
from tests.components.settings.example import Load

HASH = "$6$salt$" + "a" * 86


def _paths(settings: Settings) -> dict[str, CertificatePaths]:
    return {domain: CertificatePaths(certificate="/c.pem", key="/k.pem") for domain in settings.domains}


def _gateway(settings: Settings) -> GatewaySpec:
    return specs.gateway(settings, _paths(settings))


def test_a_service_may_have_a_rate_of_its_own(load_outputs: Load) -> None:
    settings = load_outputs(
        {
            "gateway": {"rateLimit": {"perSecond": 5, "burst": 6}},
            "services/sales/rateLimit": {"perSecond": 1, "burst": 2},
        }
    )
    rates = {site.service: site.rate for site in _gateway(settings).sites}
    assert rates == {
        "common": Rate(requests_per_second=5, burst=6),
        "sales": Rate(requests_per_second=1, burst=2),
    }


def test_cloudflare_stands_for_its_networks(load_outputs: Load) -> None:
    spec = _gateway(load_outputs({"gateway": {"trustedProxies": ["cloudflare", "192.0.2.0/24"]}}))
    assert spec.trusted_proxies == (*NETWORKS, "192.0.2.0/24")


def test_the_hashes_of_hangfires_passwords_reach_the_gateway(load_outputs: Load) -> None:
    assert _gateway(load_outputs({"gateway": {"hangfireUsers": {"anita": HASH}}})).hangfire_users == {
        "anita": HASH
    }


def test_http3_opens_its_port_and_only_then(load_outputs: Load) -> None:
    without, with_it = load_outputs(), load_outputs({"gateway": {"http3": True}})
    assert specs.host(without, "main").public_udp_ports == ()
    assert specs.host(with_it, "main").public_udp_ports == (443,)
    assert _gateway(with_it).http3


def test_the_page_may_call_every_service(load_outputs: Load) -> None:
    settings = load_outputs({"frontend/csp": {"img-src": ["'self'"]}, "frontend/cspReportOnly": True})
    release = specs.Release(source="/a.tar.gz", sha256="a" * 64, upload=None)
    spec = specs.frontend(settings, _paths(settings), release)
    assert spec.services == tuple(service.domain for service in settings.services.values())
    assert spec.csp == {"img-src": ("'self'",)}
    assert spec.csp_report_only
