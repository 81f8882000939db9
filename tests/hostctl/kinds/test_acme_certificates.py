from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hostctl.errors import HostError
from hostctl.kinds import Kind, build
from tests.hostctl.tools import Tools

SAID = """sales.example: a placeholder is served: asking https://acme.example/directory
error: sales.example: the proof was not found where it must be (404)
    certbot's own words
next: correct the cause
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "dhanman-certificates"
    path.write_text("")
    return path


def present(program: Path, **more: Any) -> Kind:
    wanted = {
        "path": str(program.parent / "acme"),
        "state": str(program.parent / "state"),
        "names": ["sales.example"],
    }
    return build({"kind": "acme_certificates", "program": str(program), **wanted, **more})


def issued(program: Path) -> Kind:
    wanted = {"name": "qa", "certificates": {"sales.example": ["sales.example"]}, "key_type": "ecdsa"}
    return build(
        {
            "kind": "issued_certificates",
            "program": str(program),
            "directory": "https://acme.example/directory",
        }
        | wanted
    )


def verdict(tools: Tools, program: Path, text: str) -> None:
    tools.answer(f"{program} verdicts", json.dumps({"sales.example": text}))


def test_before_the_program_is_there_everything_is_missing(tmp_path: Path) -> None:
    for thing in (present(tmp_path / "not-there"), issued(tmp_path / "not-there")):
        assert thing.differs(thing.observe()) == ["sales.example: missing"]


@pytest.mark.parametrize(
    ("text", "present_differs", "issued_differs"),
    [
        ("good", False, False),
        ("due for renewal", False, False),
        ("a placeholder is served", False, True),
        ("expired", False, True),
        ("from another ACME server", False, True),
        ("certificate and key do not fit", True, True),
        ("missing", True, True),
    ],
)
def test_placeholders_are_enough_for_nginx_and_not_for_people(
    tools: Tools, program: Path, text: str, present_differs: bool, issued_differs: bool
) -> None:
    verdict(tools, program, text)
    for thing, differs in ((present(program), present_differs), (issued(program), issued_differs)):
        assert thing.differs(thing.observe()) == ([f"sales.example: {text}"] if differs else [])


def test_a_program_that_fails_counts_as_nothing_known(tools: Tools, program: Path) -> None:
    tools.answer(f"{program} verdicts", "", status=1)
    assert issued(program).observe() == {"verdicts": {}}


def test_a_refusal_is_told_with_its_next_step_and_what_serves_now(
    tools: Tools, program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tools.answer(f"{program} issue", err=SAID, status=1)
    with pytest.raises(HostError) as error:
        issued(program).apply({"verdicts": {}})
    assert error.value.what == "sales.example: the proof was not found where it must be (404)"
    assert error.value.details == "    certbot's own words"
    assert error.value.hint.splitlines() == [
        "correct the cause",
        "now: certificates that were issued are served, and all others as before",
    ]
    assert "asking https://acme.example/directory" in capsys.readouterr().err


def test_several_refusals_are_all_told(tools: Tools, program: Path) -> None:
    tools.answer(f"{program} issue", err=SAID + SAID.replace("sales", "app"), status=1)
    with pytest.raises(HostError) as error:
        issued(program).apply({"verdicts": {}})
    assert error.value.what == "2 certificates are not as they should be"
    assert "app.example: the proof" in error.value.details
    assert "sales.example: the proof" in error.value.details


def test_what_was_issued_is_not_undone_and_keys_go_only_with_data(tools: Tools, program: Path) -> None:
    for thing in (present(program), issued(program)):
        assert not thing.rolls_back
        thing.restore({"verdicts": {}})
    assert (present(program).data, issued(program).data) == (True, False)
    for name in ("acme", "state"):
        (program.parent / name / "x").mkdir(parents=True)
    present(program).remove({"verdicts": {}})
    assert not (program.parent / "acme").exists()
    assert not (program.parent / "state").exists()


def test_a_preview_says_who_will_be_asked(program: Path) -> None:
    assert issued(program).effects(None) == [
        "ask https://acme.example/directory for certificates with ECDSA keys, then reload nginx.service"
    ]
