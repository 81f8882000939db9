"""Links: in what they differ, and whose they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl.kinds import build
from hostctl.kinds.base import Kind
from hostctl.store import Store
from tests.hostctl.tools import Tools


def _link(path: Path, **more: str) -> Kind:
    return build({"kind": "symlink", "path": str(path), "target": "releases/2", **more})


def test_it_differs_in_words_by_what_is_there_instead(tmp_path: Path) -> None:
    path = tmp_path / "current"
    thing = _link(path)
    assert thing.differs(thing.observe()) == ["missing"]
    path.touch()
    assert thing.differs(thing.observe()) == ["is a file"]
    path.unlink()
    path.symlink_to("releases/1")
    assert thing.differs(thing.observe()) == ["-> releases/1 instead of releases/2"]
    path.unlink()
    path.symlink_to("releases/2")
    assert thing.differs(thing.observe()) == []


@pytest.mark.parametrize(
    ("shipped", "of_package", "installed", "ours", "foreign"),
    [
        (False, {}, True, [], True),
        (True, {}, True, [], False),
        (False, {"of_package": "nginx"}, True, [], True),
        (False, {"of_package": "nginx"}, True, ["nginx"], False),
        (False, {"of_package": "nginx"}, False, [], False),
    ],
)
def test_a_link_is_somebodys_unless_a_package_of_its_own_or_of_ours_made_it(
    tmp_path: Path,
    store: Store,
    tools: Tools,
    shipped: bool,
    of_package: dict[str, str],
    installed: bool,
    ours: list[str],
    foreign: bool,
) -> None:
    (tmp_path / "available").mkdir()
    (tmp_path / "enabled").symlink_to("available")
    # dpkg knows the place that a maintainer script's link leads to, and not the link
    tools.answer("dpkg-query --search", status=1)
    tools.answer(f"dpkg-query --search {tmp_path / 'available'}", "nginx: x\n", status=0 if shipped else 1)
    tools.answer("dpkg-query --show", "installed" if installed else "config-files")
    store.update_registry("packages", add=ours)
    thing = _link(tmp_path / "enabled", **of_package)
    state = thing.observe()
    assert state is not None
    assert thing.foreign(state) is foreign


def test_where_nothing_is_there_is_nobodys(tmp_path: Path) -> None:
    thing = _link(tmp_path / "none")
    assert not thing.foreign(thing.observe() or {})
