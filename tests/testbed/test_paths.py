from __future__ import annotations

from pathlib import Path

import pytest

from testbed.errors import TestbedError
from testbed.paths import Clone, check_name


@pytest.mark.parametrize("name", ["a", "web-1", "x" * 32])
def test_a_usual_host_name_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "Web", "../etc", "a b", "1a", "x" * 33])
def test_a_name_that_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(TestbedError, match="is no host name"):
        check_name(name)


def test_two_clones_share_no_name_on_the_machine() -> None:
    one, two = Clone(state=Path("/srv/one")), Clone(state=Path("/srv/two"))
    for names in zip(_names(one), _names(two), strict=True):
        assert names[0] != names[1]


def test_link_names_fit_into_the_kernels_fifteen_characters() -> None:
    clone = Clone(state=Path("/srv/one"))
    assert len(clone.bridge) <= 15
    assert len(clone.link("tv", "x" * 32)) <= 15


def test_the_state_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    clone = Clone(state=tmp_path / "state").prepared()
    assert clone.state.stat().st_mode & 0o777 == 0o700
    assert clone.hosts.stat().st_mode & 0o777 == 0o700


def _names(clone: Clone) -> list[str]:
    return [
        clone.bridge,
        clone.nft_table,
        clone.network_namespace("web"),
        clone.delay_namespace("web"),
        clone.link("tv", "web"),
        clone.cgroup("web"),
    ]
