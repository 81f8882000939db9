from __future__ import annotations

import os
import signal

import pytest

from hostctl import arming, checks
from hostctl.errors import Conflict, HostError
from hostctl.interruption import fail_on_signals
from hostctl.store import Store
from hostctl.transaction import Transaction
from tests.hostctl.conftest import Toy, World, document, toy


def test_phases_run_in_order_and_each_action_once(world: World, store: Store) -> None:
    unit = document(
        toy("db", "1", phase="DATA"),
        toy("conf", "1", notify=["reload n.service"]),
        toy("more", "1", notify=["reload n.service", "daemon-reload"]),
        toy("pkg", "1", phase="PACKAGES"),
    )
    said = Transaction(unit, store).run()
    assert world.log == [
        "apply pkg", "apply conf", "apply more", "daemon-reload", "reload n.service", "apply db",
    ]  # fmt: skip
    assert said.startswith("u: 4 changed, daemon-reload, reload n.service")
    assert store.journal("u") is None


def test_a_second_run_is_unchanged_and_does_nothing(world: World, store: Store) -> None:
    unit = document(toy("a", "1", notify=["daemon-reload"]))
    Transaction(unit, store).run()
    world.log.clear()
    assert Transaction(unit, store).run() == "u: unchanged"
    assert world.log == []


@pytest.mark.parametrize("step", ["apply a", "apply b", "reload n.service", "apply db"])
def test_a_failure_at_any_step_undoes_everything_newest_first(world: World, store: Store, step: str) -> None:
    world.values = {"a": "old"}
    world.breaks = {step}
    unit = document(
        toy("a", "new", notify=["reload n.service"]),
        toy("b", "new"),
        toy("db", "x", phase="DATA"),
        adopt=True,
    )
    with pytest.raises(HostError) as failed:
        Transaction(unit, store).run()
    assert failed.value.what == f"{step} broke"
    assert world.values == {"a": "old"}
    restored = [line.removeprefix("restore ") for line in world.log if line.startswith("restore")]
    assert restored == [name for name in ("db", "b", "a") if f"apply {name}" in world.log]
    # an action that broke with the new files and breaks with the old ones too is said, never hidden
    expected = (
        "could not be put back: reload" if step.startswith("reload") else "the previous state was put back"
    )
    assert f"now: {expected}" in failed.value.hint
    assert store.manifest("u") is None


def test_a_failing_check_undoes_the_change(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise HostError("not within 1 s")

    monkeypatch.setattr(checks, "wait", never)
    with pytest.raises(HostError, match="not within"):
        Transaction(document(toy("a", "1"), checks=[{}]), store).run()
    assert world.values == {}


def test_what_was_put_back_is_waited_for_as_it_was_checked_before(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def wait(check: dict[str, str], *_: object) -> None:
        asked.append(check["name"])
        if check["name"] == "new":
            raise HostError("not within 1 s")

    monkeypatch.setattr(checks, "wait", wait)
    Transaction(document(toy("a", "1"), checks=[{"name": "old"}]), store).run()
    with pytest.raises(HostError) as failed:
        Transaction(document(toy("a", "2"), checks=[{"name": "new"}]), store).run()
    assert asked == ["old", "new", "old"]
    assert failed.value.hint.endswith("now: the previous state was put back")


def test_a_previous_state_that_does_not_serve_again_is_said(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Transaction(document(toy("a", "1"), checks=[]), store).run()
    monkeypatch.setattr(checks, "wait", lambda *_: None)
    Transaction(document(toy("a", "2"), checks=[{}]), store).run()

    def never(*_: object) -> None:
        raise HostError("not within 1 s: port 9000 accepts connections")

    monkeypatch.setattr(checks, "wait", never)
    with pytest.raises(HostError) as failed:
        Transaction(document(toy("a", "3"), checks=[{}]), store).run()
    assert "put back, but not within 1 s: port 9000 accepts connections" in failed.value.hint
    assert world.values == {"a": "2"}


def test_a_failure_inside_the_undo_keeps_the_others_and_the_journal(world: World, store: Store) -> None:
    world.breaks = {"apply c", "restore b"}
    with pytest.raises(HostError) as failed:
        Transaction(document(toy("a", "1"), toy("b", "1"), toy("c", "1")), store).run()
    assert "could not be put back: toy:b: restore b broke" in failed.value.hint
    assert world.values == {"b": "1"}
    assert store.journal("u") is not None


def test_an_undo_survives_an_error_that_nobody_foresaw(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(self: Toy, state: object) -> None:
        raise KeyError("pa55word")

    world.breaks = {"apply a"}
    monkeypatch.setattr(Toy, "restore", odd)
    with pytest.raises(HostError) as failed:
        Transaction(document(toy("a", "1")), store).run()
    assert "internal error: KeyError" in failed.value.hint
    assert "pa55word" not in failed.value.hint


def test_a_restore_that_needs_the_actions_is_tried_again_after_them(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Toy.restore

    def late(self: Toy, state: dict[str, str]) -> None:
        if "restart n.service" not in world.log:
            raise HostError("does not answer")
        plain(self, state)

    monkeypatch.setattr(Toy, "restore", late)
    world.breaks = {"apply b"}
    with pytest.raises(HostError, match="apply b broke") as failed:
        Transaction(document(toy("a", "1", notify=["restart n.service"]), toy("b", "1")), store).run()
    assert "the previous state was put back" in failed.value.hint
    assert world.values == {}


def test_conflicts_are_listed_all_at_once_and_nothing_changes(world: World, store: Store) -> None:
    world.values = {"a": "theirs", "b": "theirs"}
    with pytest.raises(Conflict) as refused:
        Transaction(document(toy("c", "1"), toy("a", "1"), toy("b", "1")), store).run()
    assert "toy:a" in refused.value.details
    assert "toy:b" in refused.value.details
    assert "now: nothing was changed" in refused.value.hint
    assert world.log == []
    assert store.journal("u") is None


def test_adopting_keeps_a_copy_as_origin_through_later_runs(world: World, store: Store) -> None:
    world.values = {"a": "theirs"}
    Transaction(document(toy("a", "1"), adopt=True), store).run()
    Transaction(document(toy("a", "2")), store).run()
    manifest = store.manifest("u")
    assert manifest is not None
    assert manifest["things"][0]["origin"] == {"value": "theirs"}


def test_a_thing_of_another_unit_is_refused_by_that_units_name(world: World, store: Store) -> None:
    Transaction(document(toy("a", "1"), unit="other"), store).run()
    with pytest.raises(Conflict) as refused:
        Transaction(document(toy("a", "2")), store).run()
    assert "belongs to the unit other" in refused.value.details


def test_what_the_unit_no_longer_has_is_pruned_and_its_actions_run(world: World, store: Store) -> None:
    Transaction(document(toy("a", "1"), toy("b", "1", notify=["daemon-reload"])), store).run()
    world.log.clear()
    Transaction(document(toy("a", "1")), store).run()
    assert world.log == ["restore b", "daemon-reload"]
    assert world.values == {"a": "1"}


def test_a_pruned_thing_comes_back_when_a_later_step_fails(world: World, store: Store) -> None:
    Transaction(document(toy("a", "1"), toy("b", "1")), store).run()
    world.breaks = {"apply db"}
    with pytest.raises(HostError):
        Transaction(document(toy("a", "1"), toy("db", "1", phase="DATA")), store).run()
    assert world.values == {"a": "1", "b": "1"}


def test_pruned_packages_go_after_the_actions(world: World, store: Store) -> None:
    Transaction(document(toy("p", "1", phase="PACKAGES"), toy("a", "1")), store).run()
    world.log.clear()
    Transaction(document(toy("a", "2", notify=["daemon-reload"])), store).run()
    assert world.log == ["apply a", "daemon-reload", "restore p"]


def test_a_pruned_thing_that_is_still_needed_stays_and_is_no_failure(world: World, store: Store) -> None:
    Transaction(document(toy("a", "1"), toy("b", "1")), store).run()
    world.needed = {"b"}
    Transaction(document(toy("a", "1")), store).run()
    assert store.registry("kept") == ["toy:b"]


def test_kept_data_that_comes_back_has_its_first_origin(world: World, store: Store) -> None:
    Transaction(document(toy("d", "1", data=True)), store).run()
    Transaction(document(), store).run()
    assert world.values == {"d": "1"}
    Transaction(document(toy("d", "1", data=True)), store).run()
    manifest = store.manifest("u")
    assert manifest is not None
    assert manifest["things"][0]["origin"] == {"value": None}
    assert store.registry("kept") == []
    assert store.kept_origins() == {}


def test_the_journal_is_written_before_each_step(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Toy.apply

    def watch(self: Toy, state: object) -> None:
        journal = store.journal("u")
        assert journal is not None
        assert self.id in [entry["id"] for entry in journal["entries"]]
        plain(self, state)  # type: ignore[arg-type]

    monkeypatch.setattr(Toy, "apply", watch)
    Transaction(document(toy("a", "1"), toy("b", "1")), store).run()


def _broken_off(world: World, store: Store, monkeypatch: pytest.MonkeyPatch, unit: dict[str, object]) -> None:
    """Apply as far as the first action, then leave everything as kill -9 would."""
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "undo", lambda _self: ["killed"])
        world.breaks = {"daemon-reload"}
        with pytest.raises(HostError):
            Transaction(unit, store).run()
    world.breaks = set()
    world.log.clear()


def test_a_run_that_was_broken_off_goes_on_and_repeats_its_actions(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = document(toy("a", "1", notify=["daemon-reload"]))
    _broken_off(world, store, monkeypatch, unit)
    assert Transaction(unit, store).run().startswith("u: 0 changed, daemon-reload")
    assert store.journal("u") is None
    manifest = store.manifest("u")
    assert manifest is not None
    assert manifest["things"][0]["origin"] == {"value": None}


def test_a_failure_after_a_run_that_was_broken_off_goes_back_to_before_both(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.values = {"a": "theirs"}
    _broken_off(world, store, monkeypatch, document(toy("a", "1", notify=["daemon-reload"]), adopt=True))
    world.breaks = {"apply b"}
    with pytest.raises(HostError):
        Transaction(document(toy("a", "2"), toy("b", "1")), store).run()
    assert world.values == {"a": "theirs"}


def test_being_told_to_end_undoes_and_says_so(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)}
    plain = Toy.apply

    def told(self: Toy, state: dict[str, str]) -> None:
        plain(self, state)
        if self.key == "b":
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Toy, "apply", told)
    fail_on_signals()
    try:
        with pytest.raises(HostError, match="ended by SIGTERM") as failed:
            Transaction(document(toy("a", "1"), toy("b", "1")), store).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "now: the previous state was put back" in failed.value.hint
    assert world.values == {}


def test_an_unknown_action_is_refused_before_anything_changes(world: World, store: Store) -> None:
    with pytest.raises(HostError, match="unknown action: explode"):
        Transaction(document(toy("a", "1", notify=["explode now"])), store)
    assert world.log == []


def test_another_form_of_the_document_is_refused(store: Store) -> None:
    with pytest.raises(HostError, match="form 1"):
        Transaction(document(format=2), store)


def test_an_armed_change_reverts_and_marks_the_unit(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arming, "arm", lambda unit, seconds: world.step(f"arm {seconds}"))
    monkeypatch.setattr(arming, "disarm", lambda unit: None)
    Transaction(document(toy("a", "1"), arm=90), store).run()
    assert world.log[0] == "arm 90"
    assert arming.revert("u", store) == "u: reverted"
    assert world.values == {}
    with pytest.raises(HostError, match="was reverted"):
        arming.confirm("u", store)


def test_an_armed_change_that_is_confirmed_stays(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arming, "arm", lambda unit, seconds: None)
    monkeypatch.setattr(arming, "disarm", lambda unit: None)
    Transaction(document(toy("a", "1"), arm=90), store).run()
    arming.confirm("u", store)
    assert arming.recover(store) == []
    assert world.values == {"a": "1"}


def test_a_boot_reverts_an_armed_change_that_the_power_cut_in_its_middle(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arming, "arm", lambda unit, seconds: None)
    monkeypatch.setattr(arming, "disarm", lambda unit: None)
    _broken_off(world, store, monkeypatch, document(toy("a", "1", notify=["daemon-reload"]), arm=90))
    assert arming.recover(store) == ["u: reverted"]
    assert world.values == {}
