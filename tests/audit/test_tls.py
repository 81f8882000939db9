"""What sslyze says, and what of it counts."""

from __future__ import annotations

import pytest

from audit.tls import verdict

HEAD = "COMPLIANCE AGAINST TLS CONFIGURATION\n ----\n\n    Checking results against Mozilla's profile\n\n"
FAILED = f"{HEAD}    192.0.2.1:443: FAILED - Not compliant.\n"


def test_compliance_passes() -> None:
    said = verdict("sales.test", f"{HEAD}    192.0.2.1:443: OK - Compliant.\n")
    assert (said.passed, said.found) == (True, "complies")


def test_a_finding_falls_short_in_sslyzes_words() -> None:
    said = verdict("sales.test", f"{FAILED}        * tls_curves: TLS curves {{'X448'}} should be rejected.\n")
    assert not said.passed
    assert said.remarks == ["tls_curves: TLS curves {'X448'} should be rejected."]


def test_a_private_authority_alone_is_waived() -> None:
    said = verdict(
        "sales.test", f"{FAILED}        * certificate_path_validation: failed for CN=sales.test.\n"
    )
    assert said.passed
    assert said.remarks == ["waived: certificate_path_validation: the local environment's CA is its own"]


@pytest.mark.parametrize("said", ["", "SCANS COMPLETED", HEAD])
def test_no_result_is_no_pass(said: str) -> None:
    with pytest.raises(ValueError, match="no result"):
        verdict("sales.test", said)
