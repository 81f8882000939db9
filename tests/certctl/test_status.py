from __future__ import annotations

from pathlib import Path

from certctl import status


def test_the_report_is_there_for_people_and_as_metrics(tmp_path: Path) -> None:
    good = {"verdict": "good", "good": True, "ends": 1796336024.0, "until": "x", "issuer": "y"}
    none = {"verdict": "missing", "good": False, "ends": None, "until": None, "issuer": None}
    report = {"result": "failed", "problems": ["p"], "certificates": {"a.example": good, "b.example": none}}
    status.publish(tmp_path / "state", report)
    assert status.read(tmp_path / "state")["problems"] == ["p"]
    lines = (tmp_path / "state/certificates.prom").read_text().splitlines()
    assert 'dhanman_certificate_expiry_time_seconds{certificate="a.example"} 1796336024' in lines
    assert 'dhanman_certificate_good{certificate="a.example"} 1' in lines
    assert 'dhanman_certificate_good{certificate="b.example"} 0' in lines
    assert "dhanman_certificate_renewal_success 0" in lines
    assert not [line for line in lines if "expiry" in line and "b.example" in line]
    assert {
        (tmp_path / "state" / name).stat().st_mode & 0o777
        for name in ("certificates.json", "certificates.prom")
    } == {0o644}


def test_nothing_published_yet_is_nothing(tmp_path: Path) -> None:
    assert status.read(tmp_path) == {}
