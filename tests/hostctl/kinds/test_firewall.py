"""The loaded table against what its file means."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.kinds import build
from hostctl.kinds.firewall import Firewall
from tests.hostctl.tools import Tools

LIST = "nft --stateless list table inet dhanman"
RULES = "table inet dhanman {\n\tchain input {\n\t\ttcp dport 22 accept\n\t}\n}\n"
OTHER = RULES.replace("22", "23")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dhanman.nft"
    path.write_text("as people write it")
    return path


@pytest.fixture
def firewall(tools: Tools, file: Path) -> Firewall:
    """A firewall whose file nft lists as RULES."""
    tools.answer("unshare --net", RULES)
    thing = build({"kind": "firewall", "table": "dhanman", "path": str(file)})
    assert isinstance(thing, Firewall)
    return thing


def test_a_table_that_is_not_loaded_differs_and_is_nobodys(firewall: Firewall, tools: Tools) -> None:
    tools.answer(LIST, status=1)
    state = firewall.observe()
    assert state == {"loaded": None}
    assert firewall.differs(state) == ["not loaded"]
    assert not firewall.foreign(state)


def test_rules_are_compared_as_nft_lists_those_of_the_file(
    firewall: Firewall, tools: Tools, file: Path
) -> None:
    tools.answer(LIST, RULES)
    assert firewall.differs(firewall.observe()) == []
    # the file may be as long and odd as it likes: it is an argument, never a part of the script
    assert tools.asked("unshare --net sh -c")[0].endswith(f" sh {file} dhanman")
    tools.answer(LIST, OTHER)
    state = firewall.observe()
    assert firewall.differs(state) == ["rules were changed"]
    assert firewall.foreign(state or {})


def test_changed_rules_are_shown_as_nft_lists_both(firewall: Firewall, tools: Tools) -> None:
    assert firewall.texts({"loaded": OTHER}) == (OTHER, RULES)
    assert firewall.texts({"loaded": None}) is None
    tools.answer("unshare --net", status=1)
    assert firewall.texts({"loaded": OTHER}) is None


def test_without_its_file_or_with_a_broken_one_the_loaded_rules_differ(
    firewall: Firewall, tools: Tools, file: Path
) -> None:
    tools.answer("unshare --net", RULES, status=1)
    assert firewall.differs({"loaded": RULES}) == ["rules were changed"]
    file.unlink()
    tools.calls.clear()
    assert firewall.differs({"loaded": RULES}) == ["rules were changed"]
    assert tools.calls == []


def test_the_file_is_loaded_in_one_call_and_a_refusal_is_an_error(
    firewall: Firewall, tools: Tools, file: Path
) -> None:
    firewall.apply(None)
    assert tools.calls == [f"nft --file {file}"]
    tools.answer("nft --file", err="syntax error", status=1)
    with pytest.raises(HostError) as refused:
        firewall.apply(None)
    assert "syntax error" in refused.value.details


def test_former_rules_come_back_in_one_transaction_and_replace_ours(firewall: Firewall, tools: Tools) -> None:
    firewall.restore({"loaded": OTHER})
    assert tools.calls == ["nft --file -"]
    # a table must be there to be deleted: declaring it first makes it so
    assert tools.stdin == [f"table inet dhanman\ndelete table inet dhanman\n{OTHER}"]


def test_a_table_that_was_not_there_is_taken_away_if_it_is_there(firewall: Firewall, tools: Tools) -> None:
    tools.answer(LIST, status=1)
    firewall.restore({"loaded": None})
    assert tools.calls == [LIST]
    tools.answer(LIST, RULES)
    firewall.restore({"loaded": None})
    assert tools.calls[-1] == "nft delete table inet dhanman"
