from __future__ import annotations

import json
from dataclasses import asdict
from typing import TypeVar

import pytest

from certctl.config import parse
from components.certificate import AcmeSpec, CertificateSource, CertificateSpec, certificates_unit
from components.certificate.acme.plan import issued_unit
from components.certificate.spec import STAGING
from components.unit import AcmeCertificates, File, IssuedCertificates, Packages, Service, Thing, Unit

DOMAINS = ("sales.dhanman.com", "app.dhanman.com")
T = TypeVar("T", bound=Thing)
TOKEN = "not-a-real-token"


def spec(**acme: object) -> CertificateSpec:
    asked = AcmeSpec(addresses=("192.0.2.1",), **acme)  # type: ignore[arg-type]  # any field
    return CertificateSpec(environment="qa", source=CertificateSource.ACME, domains=DOMAINS, acme=asked)


def files(unit: Unit) -> dict[str, File]:
    return {thing.path: thing for thing in unit.things if isinstance(thing, File)}


def only(unit: Unit, kind: type[T]) -> T:
    (found,) = [thing for thing in unit.things if isinstance(thing, kind)]
    return found


def test_the_program_reads_what_the_plan_writes() -> None:
    config = parse(files(certificates_unit(spec()))["/etc/dhanman/qa/certificates.json"].content)
    assert config.certificates == {domain: (domain,) for domain in DOMAINS}
    assert config.directory == "https://acme-v02.api.letsencrypt.org/directory"
    assert (config.addresses, config.resolvers, config.authority) == (("192.0.2.1",), (), None)


def test_nginx_reads_each_certificate_in_a_folder_of_its_domain_or_one_for_all() -> None:
    assert spec().paths("app.dhanman.com").key == "/etc/dhanman/acme/live/app.dhanman.com/privkey.pem"
    shared = spec(one_per_name=False)
    assert shared.certificates == {"dhanman-qa": DOMAINS}
    assert {shared.paths(domain).certificate for domain in DOMAINS} == {
        "/etc/dhanman/acme/live/dhanman-qa/fullchain.pem"
    }
    assert only(certificates_unit(shared), AcmeCertificates).names == ("dhanman-qa",)


def test_the_timer_catches_up_and_spreads_its_runs() -> None:
    unit = certificates_unit(spec(schedule="*-*-* 04:00:00", jitter=600))
    timer = files(unit)["/etc/systemd/system/dhanman-certificates-qa.timer"].content
    for line in ("OnCalendar=*-*-* 04:00:00", "RandomizedDelaySec=600", "Persistent=true"):
        assert line in timer.splitlines()
    assert only(unit, Service).unit == "dhanman-certificates-qa.timer"


def test_what_the_server_wants_to_know_is_a_change_of_the_unit_that_asks_it() -> None:
    asked = issued_unit(spec(), AcmeSpec())
    assert asked.name == "certificates-issued-qa"
    for other in (AcmeSpec(directory=STAGING), AcmeSpec(key_type="rsa")):
        assert issued_unit(spec(), other) != asked
    assert only(asked, IssuedCertificates).certificates == {domain: (domain,) for domain in DOMAINS}


def test_the_token_is_in_one_file_for_root_alone() -> None:
    unit = certificates_unit(spec(challenge="dns-01"), TOKEN)
    file = files(unit)["/etc/dhanman/qa/acme-cloudflare.ini"]
    assert (file.mode, file.secret, file.content) == ("0400", True, f"dns_cloudflare_api_token = {TOKEN}\n")
    assert unit.redact == (TOKEN,)
    others = [asdict(thing) for thing in unit.things if thing != file]
    assert TOKEN not in json.dumps(others)
    assert "python3-certbot-dns-cloudflare" in only(unit, Packages).packages


def test_without_dns_01_there_is_neither_token_nor_plugin() -> None:
    unit = certificates_unit(spec())
    assert "/etc/dhanman/qa/acme-cloudflare.ini" not in files(unit)
    assert "python3-certbot-dns-cloudflare" not in only(unit, Packages).packages
    assert unit.redact == ()


def test_a_private_ca_goes_to_the_host_and_is_named_to_the_program() -> None:
    unit = certificates_unit(spec(directory="https://ca.example/dir", authority="PEM\n"))
    assert files(unit)["/etc/dhanman/qa/acme-authority.pem"].content == "PEM\n"
    config = parse(files(unit)["/etc/dhanman/qa/certificates.json"].content)
    assert str(config.authority) == "/etc/dhanman/qa/acme-authority.pem"


@pytest.mark.parametrize("alerts", [True, False])
def test_the_operator_is_told_only_where_there_is_a_notifier(alerts: bool) -> None:
    unit = certificates_unit(spec(alerts=alerts))
    service = files(unit)["/etc/systemd/system/dhanman-certificates-qa.service"].content
    assert ("OnFailure=dhanman-notify-qa.service" in service) is alerts
    watched = files(unit).get("/etc/dhanman/qa/alerts.d/certificates.json")
    assert (watched is not None) is alerts
    if watched:
        source = json.loads(watched.content)
        assert source["report"] == "/var/lib/dhanman-certificates-qa/certificates.json"
        assert source["timers"] == ["dhanman-certificates-qa.timer"]


def test_every_module_of_the_program_travels() -> None:
    paths = files(certificates_unit(spec()))
    assert "/usr/local/lib/dhanman-certificates/certctl/__main__.py" in paths
    assert paths["/usr/local/sbin/dhanman-certificates"].mode == "0755"
