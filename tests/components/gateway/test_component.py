from __future__ import annotations

import pulumi

from components.gateway import Gateway, GatewayArgs, GatewaySpec, Site
from tests.components.mocked import Recorder, target, unit_of


def test_the_gateway_tells_urls_and_is_one_unit(recorder: Recorder) -> None:
    site = Site(service="sales", domain="sales.dhanman.com", certificate="/c.pem", certificate_key="/k.pem")

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        spec = GatewaySpec(environment="prod", sites=(site,))
        gateway = Gateway("gateway", GatewayArgs(target=target(), gateway=spec))
        assert gateway.urls == {"sales": "https://sales.dhanman.com"}

    program()
    assert recorder.made["gateway"].typ == "dhanman:gateway:Gateway"
    assert unit_of(recorder, "gateway-nginx")["unit"] == "gateway-prod"
    assert len(recorder.made) == 2
