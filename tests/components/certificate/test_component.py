from __future__ import annotations

import pulumi

from components.certificate import Certificate, CertificateArgs, CertificateSource, CertificateSpec
from tests.components.mocked import Recorder, target, unit_of


def test_paths_are_known_without_the_host_and_one_unit_makes_them(recorder: Recorder) -> None:
    spec = CertificateSpec(
        environment="local",
        source=CertificateSource.LOCAL_CA,
        domains=("sales.dhanman.test", "app.dhanman.test"),
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        made = Certificate("certificates", CertificateArgs(target=target(), certificates=spec))
        assert made.paths["app.dhanman.test"].key == "/etc/dhanman/certificates/app.dhanman.test/privkey.pem"
        assert list(made.paths) == ["sales.dhanman.test", "app.dhanman.test"]

    program()
    assert recorder.made["certificates"].typ == "dhanman:certificate:Certificate"
    assert unit_of(recorder, "certificates-files")["unit"] == "certificates-local"
