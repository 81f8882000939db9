from __future__ import annotations

import pytest

from bench.tools.base import inherited_environment


@pytest.mark.parametrize(
    "name", ["DHANMAN_OBSERVE", "DHANMAN_DRIFT_REPORT", "PULUMI_PARALLEL", "SSH_AUTH_SOCK"]
)
def test_what_steers_a_tool_from_outside_is_kept_from_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "no")
    assert name not in inherited_environment()
