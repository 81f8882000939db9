"""Packages: what is missing, how apt is asked for it, and what a removal takes along."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from hostctl import apt
from hostctl.errors import HostError
from hostctl.kinds import build, packages
from hostctl.kinds.packages import Packages, installed, listed_once, superfluous
from hostctl.store import Store
from tests.hostctl.dpkg import Dpkg
from tests.hostctl.tools import Tools


@pytest.fixture
def dpkg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store: Store) -> Dpkg:
    """A host with a fresh index and one package of its own."""
    made = Dpkg()
    made.there = {"theirs": ("1", "install")}
    for module in (apt, packages):
        monkeypatch.setattr(module, "run", made.run)
    monkeypatch.setattr(packages, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(apt, "LISTS", tmp_path / "lists")
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/deb_InRelease").touch()
    return made


def _packages(*names: str, name: str = "base") -> Packages:
    thing = build({"kind": "packages", "name": name, "packages": list(names)})
    assert isinstance(thing, Packages)
    return thing


def test_packages_that_stand_in_for_a_module_are_not_wanted_where_the_kernel_has_it(
    dpkg: Dpkg, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"kind": "packages", "name": "wireguard-go", "packages": ["wireguard-go"]}
    thing = build(wanted | {"unless_module": "wireguard"})
    asked: list[str] = []
    for there, differences in ((True, []), (False, ["wireguard-go is not installed"])):

        def has_module(name: str, answer: bool = there) -> bool:
            asked.append(name)
            return answer

        monkeypatch.setattr(packages, "has_module", has_module)
        assert thing.differs(thing.observe()) == differences
    assert set(asked) == {"wireguard"}


def _apply(thing: Packages) -> dict[str, Any]:
    before = thing.observe()
    assert before is not None
    thing.apply(before)
    assert thing.differs(thing.observe()) == []
    return before


def test_missing_held_and_other_versions_than_a_pinned_one_differ_in_words(dpkg: Dpkg) -> None:
    dpkg.there |= {"a": ("1", "install"), "b": ("1", "hold"), "c": ("1", "install"), "d": ("2", "install")}
    thing = _packages("a", "b", "c=2", "d=2", "e", "f=3")
    state = thing.observe()
    assert thing.differs(state) == [
        "e is not installed", "f is not installed", "b is held back", "c is 1 instead of 2",
    ]  # fmt: skip
    assert thing.effects(state) == ["install c=2 e f=3"]
    assert _packages("a").effects(state) == []
    assert _packages("d").observe() == {"installed": {"d": "2"}, "held": []}
    assert thing.effects(None) == ["install a b c=2 d=2 e f=3"]


def test_configuration_that_a_removed_package_left_is_no_package(tools: Tools) -> None:
    tools.answer("dpkg-query", "a 1 config-files deinstall\nb 1 installed install\n")
    assert set(installed(["a", "b"])) == {"b"}


def test_what_is_missing_is_installed_in_one_call_and_remembered_as_ours(dpkg: Dpkg, store: Store) -> None:
    dpkg.depends = {"a": "lib theirs"}
    _apply(_packages("a", "b=2", "theirs"))
    assert dpkg.apt == ["install a b=2"]
    assert not dpkg.asked("apt-mark")
    assert store.registry("packages") == ["a", "b", "lib"]
    assert store.registry("packages-before") == []


def test_nothing_starts_during_the_installation(dpkg: Dpkg) -> None:
    _apply(_packages("a"))
    assert dpkg.policy[0].endswith("exit 101\n")
    assert not packages.POLICY.exists()


def test_somebodys_own_policy_stays(dpkg: Dpkg) -> None:
    packages.POLICY.write_text("theirs")
    packages.POLICY.chmod(0o755)
    _apply(_packages("a"))
    assert dpkg.policy == ["theirs"]
    assert packages.POLICY.read_text() == "theirs"


def test_the_policy_goes_after_a_failure_too(dpkg: Dpkg) -> None:
    dpkg.failures = ["no"]
    with pytest.raises(HostError):
        _apply(_packages("a"))
    assert not packages.POLICY.exists()


def test_a_failed_installation_leaves_written_what_was_there_before_it(dpkg: Dpkg, store: Store) -> None:
    dpkg.failures = ["no"]
    with pytest.raises(HostError):
        _apply(_packages("a"))
    assert store.registry("packages-before") == ["theirs"]
    assert store.registry("packages") == []


def test_what_a_run_that_was_broken_off_installed_is_ours_as_well(dpkg: Dpkg, store: Store) -> None:
    store.update_registry("packages-before", add=["theirs"])
    dpkg.there["a"] = ("1", "install")
    _apply(_packages("a", "b"))
    assert store.registry("packages") == ["a", "b"]


def test_a_held_package_is_let_go_and_held_again(dpkg: Dpkg) -> None:
    dpkg.there["a"] = ("1", "hold")
    thing = _packages("a")
    state = thing.observe()
    assert state is not None
    assert thing.foreign(state)
    before = _apply(thing)
    assert (dpkg.apt, dpkg.there["a"]) == ([], ("1", "install"))
    thing.restore(before)
    assert dpkg.there["a"] == ("1", "hold")
    assert not thing.foreign({"installed": {}, "held": []})


@pytest.mark.parametrize(
    "words", ["E: Unable to locate package a", "404  Not Found", "has no installation candidate"]
)
def test_an_index_that_is_out_of_date_is_read_again_once(dpkg: Dpkg, words: str) -> None:
    dpkg.failures = [words]
    _apply(_packages("a"))
    assert dpkg.apt == ["install a", "update", "install a"]
    dpkg.failures = [words, words]
    with pytest.raises(HostError, match="exit status 100"):
        _apply(_packages("b"))


def test_an_installation_that_was_interrupted_is_finished_first(dpkg: Dpkg) -> None:
    dpkg.failures = ["E: dpkg was interrupted, you must manually run 'dpkg --configure -a'"]
    _apply(_packages("a"))
    assert dpkg.asked("dpkg --configure --pending --force-confdef --force-confold")
    assert dpkg.apt == ["install a", "install a"]


def test_another_failure_is_told_at_once(dpkg: Dpkg) -> None:
    dpkg.failures = ["E: You don't have enough free space"]
    with pytest.raises(HostError):
        _apply(_packages("a"))
    assert dpkg.apt == ["install a"]


@pytest.mark.parametrize("why", ["none", "old"])
def test_a_missing_or_old_index_is_read_before_the_installation(dpkg: Dpkg, why: str) -> None:
    if why == "none":
        (apt.LISTS / "deb_InRelease").unlink()
    else:
        yesterday = time.time() - apt.INDEX_AGE - 60
        os.utime(apt.LISTS, (yesterday, yesterday))
    _apply(_packages("a"))
    assert dpkg.apt == ["update", "install a"]


def test_a_removal_takes_ours_along_and_leaves_what_was_there_before(dpkg: Dpkg, store: Store) -> None:
    dpkg.depends = {"a": "lib", "b": "shared", "theirs": "shared"}
    thing = _packages("a", "b", "theirs")
    before = _apply(thing)
    store.write_manifest("u", {"things": [{"id": thing.id, "kind": thing.name, "record": thing.record()}]})
    thing.restore(before)
    assert set(dpkg.there) == {"theirs", "shared"}
    assert store.registry("packages") == ["shared"]
    assert "--purge" not in " ".join(dpkg.calls)


@pytest.mark.parametrize("where", ["manifest", "journal"])
def test_what_another_unit_asked_for_stays(dpkg: Dpkg, store: Store, where: str) -> None:
    dpkg.depends = {"b": "lib"}
    thing, other = _packages("a", "b"), _packages("b=1", name="other")
    before = _apply(thing)
    record = {"id": other.id, "kind": other.name, "record": other.record()}
    if where == "manifest":
        store.write_manifest("other", {"things": [record, {"id": "toy:a", "kind": "toy", "record": {}}]})
    else:
        store.write_journal("other", {"packages": [record]})
    thing.restore(before)
    assert set(dpkg.there) == {"theirs", "b", "lib"}


def test_what_was_there_before_us_is_never_removed(dpkg: Dpkg) -> None:
    thing = _packages("theirs")
    thing.restore({"installed": {}, "held": []})
    assert not dpkg.asked("apt-")


@pytest.mark.parametrize(
    ("depends", "provides", "ours", "gone"),
    [
        # of alternatives the one that was there before us is enough
        ({"theirs": "there | a"}, {}, {"a"}, {"a"}),
        ({"theirs": "none | a"}, {}, {"a"}, set()),
        # a name that a package only provides
        ({"theirs": "virtual (>= 2)"}, {"a": "virtual (= 2)"}, {"a"}, set()),
        ({"theirs": "a:any"}, {}, {"a"}, set()),
        # a ring that nobody needs
        ({"a": "b", "b": "a"}, {}, {"a", "b"}, {"a", "b"}),
        ({"theirs": "a", "a": "b", "b": "a"}, {}, {"a", "b"}, set()),
        # one that is on record and no longer installed
        ({}, {}, {"a", "removed-by-hand"}, {"a"}),
    ],
)
def test_our_packages_go_unless_somebody_needs_them(
    dpkg: Dpkg, depends: dict[str, str], provides: dict[str, str], ours: set[str], gone: set[str]
) -> None:
    dpkg.there |= {name: ("1", "install") for name in ("a", "b", "there")}
    dpkg.depends, dpkg.provides = depends, provides
    assert superfluous(ours, set()) == gone


def test_what_a_removed_package_needed_is_needed_no_more(tools: Tools) -> None:
    tools.answer("dpkg-query", "config-files\told\t, a\t\ninstalled\ta\t, \t\n")
    assert superfluous({"a"}, set()) == {"a"}


def test_within_one_look_dpkg_is_asked_once_and_afterwards_anew(dpkg: Dpkg) -> None:
    dpkg.there["a"] = ("1", "hold")
    with listed_once():
        for thing in (_packages("a", "c"), _packages("theirs")):
            thing.observe()
        assert _packages("a", "c").observe() == {"installed": {"a": "1"}, "held": ["a"]}
        assert set(installed()) == {"theirs", "a"}
    assert len(dpkg.calls) == 1
    dpkg.there["c"] = ("1", "install")
    assert "c" in installed()


def test_no_names_at_all_are_no_packages(dpkg: Dpkg) -> None:
    assert _packages().observe() == {"installed": {}, "held": []}
    assert dpkg.calls == []
