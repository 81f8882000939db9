"""What is made of a host's filesystems."""

from __future__ import annotations

from typing import Any

import pytest

from doctor.disks import judge_disks
from tests.doctor.sample import facts, filesystem, host, levels, lines


@pytest.mark.parametrize(
    ("room", "wrong"),
    [
        ({"size": 100, "available": 21}, set()),
        ({"size": 100, "available": 19}, {"warn main disk /var"}),
        ({"size": 100, "available": 9}, {"fail main disk /var"}),
        ({"size": 4, "available": 1}, {"fail main disk /var"}),
        ({"size": 4, "available": 2}, set()),
        ({"inodes_free": 190}, {"warn main inodes /var"}),
        ({"inodes_free": 90}, {"fail main inodes /var"}),
        ({"inodes": 0, "inodes_free": 0}, set()),
        ({"size": 0, "available": 0}, {"fail main disk /var"}),
    ],
    ids=str,
)
def test_room_is_judged_by_its_part_and_by_its_bytes(room: dict[str, Any], wrong: set[str]) -> None:
    found = judge_disks("main", host(), facts(filesystems=(filesystem("/var", **room),)))
    assert levels(found) == wrong
    assert all("/var" in finding.remedy for finding in found if finding.level != "ok")


def test_every_filesystem_has_its_own_line() -> None:
    several = (filesystem("/"), filesystem("/var/lib/postgresql", available=5))
    found = judge_disks("main", host(), facts(filesystems=several))
    assert levels(found) == {"fail main disk /var/lib/postgresql"}
    assert "ok main disk /: 50% free (50.0 GiB of 100.0 GiB)" in lines(found)


@pytest.mark.parametrize(("disk", "wrong"), [("200GiB", set()), ("300GiB", {"warn main disk"})])
def test_all_filesystems_together_are_held_to_the_settings(disk: str, wrong: set[str]) -> None:
    several = (filesystem("/"), filesystem("/var"))
    assert levels(judge_disks("main", host(disk=disk), facts(filesystems=several))) == wrong
