"""What a preview for the policies shows in the place of what only an update makes."""

from __future__ import annotations

import pulumi
import pytest

from components.foreseen import REPORT, STAND_IN, foreseen, judged


def resolved(output: pulumi.Output[str]) -> tuple[object, bool, bool]:
    """The value of the output, whether it is known, whether it is secret."""
    found: list[tuple[object, bool, bool]] = []

    async def look() -> None:
        known, secret = await output.is_known(), await output.is_secret()
        found.append((await output.future(), known, secret))

    pulumi.runtime.test(look)()  # type: ignore[no-untyped-call]
    return found[0]


def unknown() -> pulumi.Output[str]:
    text: pulumi.Output[str] = pulumi.Output.secret("generated")
    return text.apply(lambda _: pulumi.UNKNOWN)  # type: ignore[arg-type, return-value]


@pytest.fixture
def for_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REPORT, "report.json")


@pytest.mark.usefixtures("for_policies")
@pytest.mark.parametrize("dry_run", [True, False])
def test_only_a_preview_for_the_policies_is_judged(monkeypatch: pytest.MonkeyPatch, dry_run: bool) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: dry_run)
    assert judged() is dry_run
    assert not judged({})


@pytest.mark.usefixtures("for_policies")
def test_what_is_not_known_has_a_stand_in_that_is_as_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: True)
    assert resolved(foreseen(unknown())) == (STAND_IN, True, True)
    assert resolved(foreseen(pulumi.Output.secret("made before"))) == ("made before", True, True)
    assert resolved(foreseen(pulumi.Output.from_input("plain"))) == ("plain", True, False)


def test_any_other_run_has_nothing_in_its_place() -> None:
    output = unknown()
    assert foreseen(output) is output
