from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from components import outputs
from components.settings import load
from scripts import smoke
from scripts.smoke import OutputsError, Site, check, sites

ROOT = Path(__file__).resolve().parents[2]
SITE = Site(
    name="sales", version="1.4.2", url="https://sales.example.com/health", connect="sales.example.com"
)


def example(environment: str = "prod") -> dict[str, Any]:
    service = {"healthUrl": "https://sales.example.com/health", "version": "1.4.2", "host": "main"}
    return {
        "outputsVersion": 1,
        "environment": environment,
        "services": {"sales": service},
        "frontend": {"url": "https://app.example.com", "version": "2.0.0", "host": "main"},
        "hosts": {"main": {"address": "192.0.2.10"}},
    }


def test_every_service_and_the_front_end_are_asked() -> None:
    assert [(s.name, s.url, s.connect) for s in sites(json.dumps(example()))] == [
        ("sales", "https://sales.example.com/health", "sales.example.com"),
        ("frontend", "https://app.example.com", "app.example.com"),
    ]


def test_names_of_the_local_stack_are_asked_at_their_host() -> None:
    assert {s.connect for s in sites(json.dumps(example("local")))} == {"192.0.2.10"}


def test_the_outputs_that_the_program_makes_are_understood() -> None:
    import yaml

    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]
    made = outputs.of(load("prod", config, project=ROOT))
    assert len(sites(json.dumps(made))) == len(made["services"]) + 1


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", '{"outputsVersion": 1, "services": 3}'])
def test_anything_else_than_outputs_is_refused_in_words(text: str) -> None:
    with pytest.raises(OutputsError, match="no JSON of a stack's outputs"):
        sites(text)


def test_outputs_of_another_version_are_refused() -> None:
    with pytest.raises(OutputsError, match="outputsVersion is 2"):
        sites(json.dumps(example() | {"outputsVersion": 2}))


def test_a_site_that_answers_late_is_asked_again() -> None:
    answers = iter(["status 502 (3 ms)", "healthy (3 ms)"])
    assert check([SITE], lambda _site: next(answers), limit=10) == {"sales": "healthy (3 ms)"}


def test_a_site_that_never_answers_keeps_its_last_answer() -> None:
    assert check([SITE], lambda _site: "status 502 (3 ms)", limit=0) == {"sales": "status 502 (3 ms)"}


def test_a_site_that_is_healthy_is_not_asked_again() -> None:
    asked: list[str] = []
    other = Site(name="common", version="1", url="https://common.example.com/health", connect="")

    def ask(site: Site) -> str:
        asked.append(site.name)
        return "healthy" if site is SITE or asked.count(site.name) == 2 else "status 502"

    check([SITE, other], ask, limit=10)
    assert sorted(asked) == ["common", "common", "sales"]


@pytest.mark.parametrize(("answer", "code"), [("healthy (1 ms)", 0), ("no answer (refused)", 1)])
def test_the_exit_code_says_whether_all_answered(
    answer: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(example())))
    monkeypatch.setattr(smoke, "ask", lambda *_: answer)
    monkeypatch.setattr(smoke, "LIMIT_SECONDS", 0)
    assert smoke.main() == code
    assert f"sales     1.4.2    {answer}" in capsys.readouterr().out


def test_wrong_input_ends_with_2_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert smoke.main() == 2
    assert capsys.readouterr().err.count("\n") == 1
