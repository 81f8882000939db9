from __future__ import annotations

import shutil
import time
from dataclasses import replace

import pytest

from certctl.config import Config
from certctl.shelf import Shelf
from certctl.verdicts import Verdict, judge, judge_all
from tests.certctl.conftest import DIRECTORY, OURS, put


@pytest.mark.parametrize(
    ("days", "begins", "origin", "verdict"),
    [
        (80, -10, OURS, Verdict.GOOD),
        (29, -61, OURS, Verdict.DUE),
        (-1, -91, OURS, Verdict.EXPIRED),
        (7, 0, {"from": "placeholder"}, Verdict.PLACEHOLDER),
        (80, -10, OURS | {"directory": "https://staging.example/directory"}, Verdict.DIRECTORY),
        (80, -10, OURS | {"key_type": "rsa"}, Verdict.KEY),
        (80, -10, {"from": "existing"}, Verdict.GOOD),
        (5, -85, {"from": "existing"}, Verdict.DUE),
    ],
)
def test_each_state_has_its_verdict(
    config: Config, days: int, begins: int, origin: dict[str, str], verdict: Verdict
) -> None:
    put(config, "a.example", days=days, begins=begins, origin=origin)
    assert judge(config, "a.example", time.time()).verdict is verdict


def test_nothing_there_is_missing_and_other_names_are_other_names(config: Config) -> None:
    put(config, "a.example", days=80, origin=OURS)
    wider = replace(
        config, certificates={"a.example": ("a.example", "c.example"), "b.example": ("b.example",)}
    )
    judged = {name: one.verdict for name, one in judge_all(wider, time.time()).items()}
    assert judged == {"a.example": Verdict.NAMES, "b.example": Verdict.MISSING}


def test_a_key_that_does_not_fit_is_noticed(config: Config) -> None:
    first = put(config, "a.example", days=80, origin=OURS)
    other = put(config, "b.example", days=80, origin=OURS)
    shutil.copy(other / "privkey.pem", first / "privkey.pem")
    assert judge(config, "a.example", time.time()).verdict is Verdict.BROKEN
    (Shelf(config.root).live("a.example") / "fullchain.pem").write_text("garbage")
    assert judge(config, "a.example", time.time()).verdict is Verdict.BROKEN


def test_renewal_begins_at_a_third_of_the_life_or_at_a_day_that_is_set(config: Config) -> None:
    day = 86400.0
    assert config.renewal(0, 90 * day) == 60 * day
    assert config.renewal(0, 6 * day) == 4 * day
    assert config.alarm(0, 90 * day) == 75 * day
    fixed = replace(config, renew_before=30, alert_before=10)
    assert (fixed.renewal(0, 45 * day), fixed.alarm(0, 45 * day)) == (15 * day, 35 * day)
    assert config.directory == DIRECTORY
