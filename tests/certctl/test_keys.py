from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from certctl import keys, x509
from certctl.config import Config
from certctl.shelf import Shelf
from certctl.verdicts import Verdict, judge
from tests.certctl.conftest import OURS, put


@pytest.mark.parametrize(("kind", "words"), [("ecdsa", "prime256v1"), ("rsa", "2048 bit")])
def test_a_request_is_for_all_names_with_a_new_key(tmp_path: Path, kind: str, words: str) -> None:
    domains = (f"{'long-' * 12}name.{'even-longer-' * 4}name.example", "b.example")
    request = keys.request(tmp_path, domains, kind)
    said = subprocess.run(
        ["openssl", "req", "-in", request, "-noout", "-text", "-verify"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(f"DNS:{domain}" in said for domain in domains)
    assert words in said
    assert (tmp_path / "privkey.pem").stat().st_mode & 0o777 == 0o600


def test_a_placeholder_is_for_the_names_and_counts_as_one(config: Config) -> None:
    assert keys.stand_in(config, "a.example") == "a self-signed placeholder"
    served = Shelf(config.root).served("a.example")
    assert served is not None
    found = x509.read(served / "fullchain.pem")
    assert x509.fits(found, served / "privkey.pem")
    assert found.domains == {"a.example"}
    assert judge(config, "a.example", time.time()).verdict is Verdict.PLACEHOLDER


def of_somebody_else(config: Config, *, days: int, domains: tuple[str, ...] = ("a.example",)) -> None:
    elsewhere = replace(config, root=config.root.with_name("elsewhere"), certificates={"x": domains})
    made = put(elsewhere, "x", days=days, begins=-10, origin={})
    folder = config.existing / "a.example"
    folder.mkdir(parents=True)
    for file in ("fullchain.pem", "privkey.pem"):
        (folder / file).write_bytes((made / file).read_bytes())


def test_a_good_certificate_that_is_there_is_taken_instead(config: Config) -> None:
    of_somebody_else(config, days=60)
    assert keys.stand_in(config, "a.example") == f"the one from {config.existing}/a.example"
    assert judge(config, "a.example", time.time()).verdict is Verdict.GOOD
    served = Shelf(config.root).served("a.example")
    assert served is not None
    assert (served / "privkey.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("days", "domains"), [(-1, ("a.example",)), (60, ("other.example",))])
def test_one_that_is_expired_or_for_others_is_not(
    config: Config, days: int, domains: tuple[str, ...]
) -> None:
    of_somebody_else(config, days=days, domains=domains)
    assert keys.stand_in(config, "a.example") == "a self-signed placeholder"
    assert OURS["from"] != Shelf(config.root).origin("a.example")["from"]
