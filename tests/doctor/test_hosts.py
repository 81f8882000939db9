"""What is made of a host's answer."""

from __future__ import annotations

from typing import Any

import pytest

from components.remote.session import Unreachable
from doctor.hosts import clock_offset, judge_answer, judge_unasked, judge_unreachable
from tests.doctor.sample import UP, answer, expected, facts, levels, lines


def test_nothing_is_wrong_with_a_healthy_host() -> None:
    found = judge_answer(expected(), answer(), facts())
    assert levels(found) == set()
    assert len(found) >= 8


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"root": False, "differences": None}, "fail main sudo"),
        ({"synchronised": False}, "warn main clock"),
        ({"synchronised": None}, "warn main clock"),
        ({"memory": 14 * 1024**3}, "fail main memory"),
        ({"cores": 7}, "fail main cores"),
        ({"os_id": "fedora", "os_version": "44"}, "fail main system"),
        ({"os_version": "11"}, "fail main system"),
        ({"os_id": "ubuntu", "os_version": "22.04"}, "fail main system"),
        ({"os_id": "ubuntu", "os_version": ""}, "fail main system"),
        ({"os_id": "", "os_version": ""}, "fail main system"),
        ({"reboot": ""}, "warn main reboot"),
        ({"reboot": "linux-image-amd64"}, "warn main reboot"),
        ({"failed": ("nginx.service",)}, "warn main systemd"),
        ({"hostctl": None, "differences": None}, "warn main hostctl"),
        ({"hostctl": "ffff456789abcdef"}, "warn main hostctl"),
        ({"differences": None}, "warn main drift"),
        ({"armed": ("access",), "journals": ("access",)}, "warn main units"),
        ({"reverted": ("access",)}, "warn main units"),
        ({"journals": ("base",)}, "warn main units"),
        ({"differences": {"base": ("file:/etc/x: content",)}}, "warn main drift"),
    ],
    ids=str,
)
def test_each_thing_that_is_wrong_is_named_once_with_what_to_do(changes: dict[str, Any], wrong: str) -> None:
    found = judge_answer(expected(), answer(), facts(**changes))
    assert levels(found) == {wrong}
    assert all(finding.remedy for finding in found if finding.level != "ok")


@pytest.mark.parametrize(
    ("os_id", "os_version"),
    [("debian", "12"), ("debian", "13"), ("debian", ""), ("ubuntu", "24.04"), ("ubuntu", "26.10")],
)
def test_supported_systems_are_fine(os_id: str, os_version: str) -> None:
    assert levels(judge_answer(expected(), answer(), facts(os_id=os_id, os_version=os_version))) == set()


def test_memory_that_firmware_and_kernel_take_is_no_lack() -> None:
    assert levels(judge_answer(expected(), answer(), facts(memory=int(15.5 * 1024**3)))) == set()


@pytest.mark.parametrize(
    ("ahead", "wrong"),
    [
        (0.9, set()),
        (-0.9, set()),
        (1.2, {"warn main clock"}),
        (-29.0, {"warn main clock"}),
        (31.0, {"fail main clock"}),
        (-86400.0, {"fail main clock"}),
    ],
)
def test_the_clock_is_judged_by_how_far_it_is_off(ahead: float, wrong: set[str]) -> None:
    said = facts(began=1000.1 + ahead, ended=1000.4 + ahead)
    assert levels(judge_answer(expected(), answer(), said)) == wrong


def test_a_slow_answer_alone_is_no_wrong_clock() -> None:
    # 4 s on the way there, 4 s back, 20 s of work between
    said = facts(began=1004.0, ended=1024.0)
    assert clock_offset(answer(sent=1000.0, received=1028.0), said) == pytest.approx(0.0)


def test_a_container_s_clock_is_not_its_own_to_synchronise() -> None:
    assert levels(judge_answer(expected(), answer(), facts(container=True, synchronised=False))) == set()


def test_a_host_that_lets_in_the_bootstrap_user_alone_is_not_set_up() -> None:
    found = judge_answer(expected(), answer(user="root"), facts(hostctl=None, differences=None))
    assert levels(found) == {"warn main set up", "warn main hostctl"}
    assert f"it lets in root and not deploy -> {UP}" in lines(found)


def test_many_failed_units_are_counted_and_the_first_ones_named() -> None:
    said = lines(judge_answer(expected(), answer(), facts(failed=tuple(f"u{n}.service" for n in range(9)))))
    assert "failed: u0.service, u1.service, u2.service and 6 more" in said


def test_drift_names_the_unit_and_the_difference() -> None:
    said = facts(differences={"base": (), "sales": ("service:x: inactive", "file:/y: content")})
    text = lines(judge_answer(expected(), answer(), said))
    assert "other than what was applied: sales: service:x: inactive, sales: file:/y: content" in text


def test_another_host_key_says_how_to_find_out_which_is_right() -> None:
    why = Unreachable(reason="the host key is not the one in the settings", refused=True, other_key=True)
    found = judge_unreachable(expected(), why)
    assert levels(found) == {"fail main host key"}
    assert "make host-key HOST=192.0.2.10" in lines(found)


@pytest.mark.parametrize("refused", [True, False])
def test_a_host_out_of_reach_fails_with_the_reason_and_what_to_do(refused: bool) -> None:
    found = judge_unreachable(expected(), Unreachable(reason="no answer within 5 s", refused=refused))
    assert levels(found) == {"fail main reachable"}
    assert found[0].text == "no answer within 5 s"
    assert ("authorized_keys" in found[0].remedy) is refused


def test_a_host_that_can_t_be_asked_yet_is_a_warning() -> None:
    assert levels(judge_unasked(expected())) == {"warn main reachable"}
