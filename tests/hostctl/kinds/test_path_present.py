"""A file that somebody else makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.errors import HostError
from hostctl.kinds import build


def test_a_missing_file_is_refused_with_the_hint_of_its_unit_and_never_made_or_removed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "certificate.pem"
    thing = build({"kind": "path_present", "path": str(path), "hint": "run certbot first"})
    assert not thing.rolls_back
    state = thing.observe()
    assert state is not None
    assert thing.differs(state) == ["missing"]
    with pytest.raises(HostError, match=f"{path} is not on the host") as refused:
        thing.apply(state)
    assert refused.value.hint == "run certbot first"
    path.touch()
    assert thing.differs(thing.observe()) == []
    thing.restore(state)
    assert path.exists()


def test_a_link_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("/nowhere")
    thing = build({"kind": "path_present", "path": str(tmp_path / "x"), "hint": ""})
    assert thing.differs(thing.observe()) == ["missing"]
