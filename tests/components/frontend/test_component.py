from __future__ import annotations

import pulumi

from components.frontend import Frontend, FrontendArgs, FrontendSpec
from tests.components.mocked import Recorder, target, unit_of


def test_the_frontend_tells_its_url_and_is_one_unit(recorder: Recorder) -> None:
    spec = FrontendSpec(
        environment="qa",
        domain="qa.app.dhanman.com",
        certificate="/c.pem",
        certificate_key="/k.pem",
        version="1.0.0",
        source="https://artifacts.example.com/build.tar.gz",
        sha256="ab" * 32,
    )

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        frontend = Frontend("frontend", FrontendArgs(target=target(), frontend=spec, artifact=None))
        assert frontend.url == "https://qa.app.dhanman.com"

    program()
    assert recorder.made["frontend"].typ == "dhanman:frontend:Frontend"
    assert unit_of(recorder, "frontend-site")["unit"] == "frontend-qa"
