from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hostctl.kinds import build

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="certificates belong to root"),
]


def test_certificates_are_made_kept_renewed_and_the_ca_goes_with_the_last(tmp_path: Path) -> None:
    root = tmp_path / "tls"
    common = {"kind": "local_certificate", "directory": str(root), "days": 40, "renew_days": 30}
    one, two = build(common | {"domain": "a.test"}), build(common | {"domain": "b.test"})
    origins = []
    for thing in (one, two):
        before = thing.observe()
        assert before is not None
        origins.append(before)
        assert thing.differs(before) == ["missing"]
        thing.apply(before)
        assert thing.differs(thing.observe()) == []
    assert (root / "a.test/privkey.pem").stat().st_mode & 0o777 == 0o600
    soon = build(common | {"domain": "a.test", "renew_days": 41})
    assert soon.differs(soon.observe())
    one.restore(origins[0])
    assert (root / "ca.crt").is_file()
    two.restore(origins[1])
    assert not root.exists()
