from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from certctl import __main__ as program
from certctl.config import Config, parse
from tests.certctl.conftest import Certbot, Nginx


@pytest.fixture
def written(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    path = tmp_path / "certificates.json"
    path.write_text(json.dumps(dataclasses.asdict(config), default=str))
    return str(path)


def test_the_configuration_is_read_as_it_is_written(config: Config, written: str) -> None:
    assert parse(Path(written).read_text()) == config


def test_prepare_then_issue_then_show(
    written: str, certbot: Certbot, nginx: Nginx, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program.main(written, ["verdicts"]) == 0
    assert json.loads(capsys.readouterr().out) == {"a.example": "missing", "b.example": "missing"}
    assert program.main(written, ["prepare"]) == 0
    assert program.main(written, ["prepare"]) == 0
    assert capsys.readouterr().out.count("a self-signed placeholder is served") == 2
    nginx.read()
    assert program.main(written, ["show"]) == 1
    assert program.main(written, ["issue"]) == 0
    assert program.main(written, ["show"]) == 0
    assert "a.example: good, until " in capsys.readouterr().out


def test_a_failure_says_what_and_what_to_do(
    written: str, certbot: Certbot, nginx: Nginx, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main(written, ["prepare"])
    nginx.read()
    certbot.plan({"fails": True}, {"fails": True})
    assert program.main(written, ["renew"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert [line for line in said if line.startswith("error: a.example: no certificate from acme.example")]
    assert len([line for line in said if line.startswith("next: ")]) == 1


def test_a_name_that_there_is_not_is_refused(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(written, ["renew", "c.example"]) == 1
    assert "there is no certificate c.example" in capsys.readouterr().err


def test_only_root_may(
    written: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert program.main(written, ["renew"]) == 1
    assert "next: sudo dhanman-certificates renew" in capsys.readouterr().err
