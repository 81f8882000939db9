"""Exposure of units against what they may have."""

from __future__ import annotations

import json

from audit.units import aims, verdicts

WANTED = aims({"sales": "dhanman-sales-local@blue.service"}, "postgresql@18-main.service")


def _said(**exposure: str) -> str:
    return json.dumps([{"unit": unit, "exposure": value} for unit, value in exposure.items()])


def test_services_may_be_less_exposed_than_servers() -> None:
    assert WANTED["dhanman-sales-local@blue.service"] < WANTED["nginx.service"]
    assert set(WANTED) > {"postgresql@18-main.service", "rabbitmq-server.service"}


def test_the_aim_itself_passes_and_more_does_not() -> None:
    for value, passed in (("4.0", True), ("4.1", False)):
        said = verdicts(_said(**{"nginx.service": value}), WANTED)
        (nginx,) = (verdict for verdict in said if verdict.subject == "nginx.service")
        assert (nginx.passed, nginx.found) == (passed, value)


def test_a_unit_that_is_not_loaded_falls_short() -> None:
    assert not any(verdict.passed for verdict in verdicts("[]", WANTED))
