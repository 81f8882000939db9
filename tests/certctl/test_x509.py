from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from certctl import keys, x509
from certctl.config import Config
from certctl.errors import Failure
from tests.certctl.conftest import OURS, put


def test_what_is_in_a_certificate_is_read(config: Config) -> None:
    folder = put(config, "a.example", days=10, begins=-80, origin=OURS)
    found = x509.read(folder / "fullchain.pem")
    assert found.domains == {"a.example"}
    assert round((found.ends - time.time()) / 86400) == 10
    assert round((found.begins - time.time()) / 86400) == -80
    assert len(found.fingerprint) == 64


@pytest.mark.parametrize(
    ("days", "begins", "domains", "why"),
    [
        (-1, -10, ("a.example",), "it expired on"),
        (10, 1, ("a.example",), "it is not valid before"),
        (10, 0, ("a.example", "c.example"), "it is for a.example"),
    ],
)
def test_a_certificate_that_must_not_be_served_is_refused_and_says_why(
    config: Config, days: int, begins: int, domains: tuple[str, ...], why: str
) -> None:
    folder = put(config, "a.example", days=days, begins=begins, origin=OURS)
    with pytest.raises(Failure, match=why):
        x509.refuse_unusable(folder, domains, time.time())


def test_a_certificate_for_another_key_is_refused(config: Config, tmp_path: Path) -> None:
    folder = put(config, "a.example", days=10, origin=OURS)
    other = tmp_path / "other"
    other.mkdir()
    keys.request(other, ("a.example",), "ecdsa")
    shutil.copy(other / "privkey.pem", folder / "privkey.pem")
    with pytest.raises(Failure, match="not for the key"):
        x509.refuse_unusable(folder, ("a.example",), time.time())


def test_what_is_no_certificate_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "fullchain.pem").write_text("no certificate\n")
    with pytest.raises(Failure, match="holds no certificate"):
        x509.read(tmp_path / "fullchain.pem")
    with pytest.raises(Failure, match="can't be read"):
        x509.read(tmp_path / "missing.pem")
