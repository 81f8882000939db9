"""What CI and people read of a stack."""

from __future__ import annotations

import json
from typing import Any

from components import outputs
from components.settings import Wireguard
from components.settings.placeholders import SECRET
from tests.components.recording import KEY_BODY, stack_settings
from tests.components.settings.example import HOST_KEY, Load


def test_the_outputs_have_the_shape_that_others_rely_on(load_outputs: Load) -> None:
    wanted: dict[str, Any] = {
        "outputsVersion": 1,
        "environment": "qa",
        "services": {
            name: {
                "url": f"https://{name}.example.com",
                "healthUrl": f"https://{name}.example.com/health",
                "port": port,
                "version": "1.4.2",
                "unit": f"dhanman-{name}-qa.service",
                "host": "main",
            }
            for name, port in (("common", 5101), ("sales", 5106))
        },
        "frontend": {"url": "https://app.example.com", "version": "2.0.0", "host": "main"},
        "hosts": {
            "main": {
                "address": "192.0.2.10",
                "port": 22,
                "user": "deploy",
                "hostKey": HOST_KEY,
                "roles": ["gateway", "services", "postgres", "rabbitmq", "backup"],
            }
        },
        "databases": {"common": "qa-dhanman-common", "sales": "qa-dhanman-sales"},
        "rotation": {"postgres": 0, "rabbitmq": 0},
        "zoneFile": "",
        "placeholders": [],
    }
    assert outputs.of(load_outputs()) == wanted


def test_rotations_of_a_tunnel_s_keys_are_counted_where_there_is_one(load_outputs: Load) -> None:
    settings = load_outputs({"rotation/wireguard": 3})
    assert "wireguard" not in outputs.of(settings)["rotation"]
    network = settings.network.model_copy(update={"wireguard": Wireguard(range="10.66.0.0/24")})
    joined = settings.model_copy(update={"network": network})
    assert outputs.of(joined)["rotation"]["wireguard"] == 3


def test_the_outputs_hold_no_secret_and_are_json() -> None:
    for stack in ("prod", "qa", "local"):
        text = json.dumps(outputs.of(stack_settings(stack)))
        assert SECRET not in text
        assert "PRIVATE KEY-----" not in text
        assert KEY_BODY not in text


def test_a_placeholder_is_named_with_the_command_that_replaces_it() -> None:
    named = outputs.of(stack_settings("qa"))["placeholders"]
    assert any("hostKey" in line for line in named)
    assert any("pulumi config set --stack qa" in line for line in named)
