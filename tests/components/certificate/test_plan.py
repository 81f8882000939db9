from __future__ import annotations

from components.certificate import CertificateSource, CertificateSpec, certificates_unit
from components.unit import Directory, LocalCertificate, Packages, PathPresent

DOMAINS = ("sales.dhanman.com", "app.dhanman.com")


def spec(source: CertificateSource, directory: str | None = None) -> CertificateSpec:
    return CertificateSpec(environment="qa", source=source, domains=DOMAINS, directory=directory)


def test_existing_certificates_are_asked_for_where_the_document_has_them() -> None:
    things = certificates_unit(spec(CertificateSource.EXISTING)).things
    assert [t.path for t in things if isinstance(t, PathPresent)] == [
        "/etc/letsencrypt/live/sales.dhanman.com/fullchain.pem",
        "/etc/letsencrypt/live/sales.dhanman.com/privkey.pem",
        "/etc/letsencrypt/live/app.dhanman.com/fullchain.pem",
        "/etc/letsencrypt/live/app.dhanman.com/privkey.pem",
    ]


def test_existing_certificates_are_never_made_or_removed() -> None:
    things = certificates_unit(spec(CertificateSource.EXISTING)).things
    assert {type(t) for t in things} == {PathPresent}


def test_the_hint_names_the_domain_that_has_no_certificate() -> None:
    things = certificates_unit(spec(CertificateSource.EXISTING)).things
    assert all(isinstance(t, PathPresent) and t.path.split("/")[-2] in t.hint for t in things)


def test_a_local_ca_makes_each_domain_a_certificate_and_nginx_reads_a_new_one() -> None:
    unit = certificates_unit(spec(CertificateSource.LOCAL_CA))
    assert unit.name == "certificates-qa"
    made = [t for t in unit.things if isinstance(t, LocalCertificate)]
    assert [t.domain for t in made] == list(DOMAINS)
    assert all(t.notify == ("reload nginx.service",) for t in made)
    assert {t.directory for t in made} == {t.path for t in unit.things if isinstance(t, Directory)}
    assert any(isinstance(t, Packages) and "openssl" in t.packages for t in unit.things)


def test_another_directory_moves_the_paths() -> None:
    paths = spec(CertificateSource.EXISTING, "/srv/tls").paths("app.dhanman.com")
    assert paths.certificate == "/srv/tls/app.dhanman.com/fullchain.pem"
    assert paths.key == "/srv/tls/app.dhanman.com/privkey.pem"
