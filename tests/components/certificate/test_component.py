from __future__ import annotations

import pulumi

from components.certificate import (
    AcmeServer,
    AcmeServerArgs,
    AcmeSpec,
    Certificate,
    CertificateArgs,
    CertificateSource,
    CertificateSpec,
    IssuedCertificates,
    IssuedCertificatesArgs,
)
from tests.components.mocked import Recorder, target, unit_of


def test_paths_are_known_without_the_host_and_one_unit_makes_them(recorder: Recorder) -> None:
    spec = CertificateSpec(
        environment="local",
        source=CertificateSource.LOCAL_CA,
        domains=("sales.dhanman.test", "app.dhanman.test"),
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # Pulumi's own has no types
    def program() -> None:
        made = Certificate("certificates", CertificateArgs(target=target(), certificates=spec))
        assert made.paths["app.dhanman.test"].key == "/etc/dhanman/certificates/app.dhanman.test/privkey.pem"
        assert list(made.paths) == ["sales.dhanman.test", "app.dhanman.test"]

    program()
    assert recorder.made["certificates"].typ == "dhanman:certificate:Certificate"
    assert unit_of(recorder, "certificates-files")["unit"] == "certificates-local"


ACME = CertificateSpec(
    environment="local",
    source=CertificateSource.ACME,
    domains=("sales.dhanman.test", "app.dhanman.test"),
    acme=AcmeSpec(challenge="dns-01"),
)


def test_a_token_goes_to_the_host_in_its_unit_alone(recorder: Recorder) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # Pulumi's own has no types
    def program() -> None:
        args = CertificateArgs(
            target=target(), certificates=ACME, token=pulumi.Output.secret("not-a-real-token")
        )
        Certificate("certificates", args)

    program()
    unit = unit_of(recorder, "certificates-acme")
    assert (unit["unit"], unit["redact"]) == ("certificates-acme-local", ["not-a-real-token"])


def test_the_acme_server_is_asked_by_a_unit_of_its_own(recorder: Recorder) -> None:
    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # Pulumi's own has no types
    def program() -> None:
        IssuedCertificates("issued", IssuedCertificatesArgs(target=target(), certificates=ACME))
        AcmeServer("acme-server", AcmeServerArgs(target=target(), environment="local"))

    program()
    assert recorder.made["issued"].typ == "dhanman:certificate:IssuedCertificates"
    assert unit_of(recorder, "issued-served")["unit"] == "certificates-issued-local"
    assert unit_of(recorder, "acme-server-pebble")["unit"] == "pebble-local"
