"""The rule for what is fetched and run."""

from __future__ import annotations

from typing import Any

import pytest

from policies.rules.releases import artifacts_are_pinned
from tests.policies.making import breaches, broken, unit

DIGEST = "0f" * 32
RELEASE = {
    "kind": "release",
    "root": "/opt/dhanman/prod/sales",
    "sha256": DIGEST,
    "source": "https://a.example/s.tar.gz",
}
DEPLOYMENT = {"kind": "deployment", "service": "dhanman-sales-prod", "artifact": DIGEST}
SOURCE = {"kind": "apt_repository", "name": "dhanman-dotnet", "fingerprint": "BC" * 20}


@pytest.mark.parametrize(
    "thing",
    [
        RELEASE,
        RELEASE | {"source": "/var/lib/dhanman/uploads/s.tar.gz"},
        DEPLOYMENT,
        SOURCE,
        SOURCE | {"fingerprint": None, "signed_by": "/usr/share/keyrings/x.gpg"},
    ],
)
def test_what_is_pinned_is_right(thing: dict[str, Any]) -> None:
    assert breaches(artifacts_are_pinned, unit(thing)) == []


@pytest.mark.parametrize(
    "thing",
    [
        RELEASE | {"sha256": ""},
        RELEASE | {"sha256": "latest"},
        RELEASE | {"source": "http://a.example/s.tar.gz"},
        DEPLOYMENT | {"artifact": None},
        SOURCE | {"fingerprint": None},
    ],
)
def test_what_is_not_pinned_is_named(thing: dict[str, Any]) -> None:
    assert "dhanman" in broken(artifacts_are_pinned, unit(thing)).wrong
