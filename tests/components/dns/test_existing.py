"""What is at Cloudflare already, asked of a server that answers as Cloudflare documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.dns.existing import Found, LookError, Zone, in_the_way, refusal
from components.dns.plan import Record, comment
from tests.toolchain.providers.cloudflare.fake_zone import TOKEN, ZONE, FakeZone, served

OURS = comment("prod")
A = Record(
    key="sales.example.com-a", group="sales", type="A", name="sales.example.com", content="192.0.2.1", ttl=1
)
SPF = Record(
    key="s", group="mail", type="TXT", name="example.com", content="v=spf1 -all", ttl=1, starts="v=spf1"
)
CAA = Record(key="c", group="x", type="CAA", name="example.com", content='0 issue "a.example"', ttl=1)
ALIAS = Record(key="k", group="mail", type="CNAME", name="k.example.com", content="b.example", ttl=1)


@pytest.fixture
def fake() -> Iterator[tuple[FakeZone, Zone]]:
    with served() as (state, url):
        yield state, Zone(id=ZONE, token=TOKEN, base_url=url, first_wait=0.01)


def found(record: Record, kind: str | None = None, content: str = "x", said: str = "") -> Found:
    return Found(id="1" * 32, type=kind or record.type, name=record.name, content=content, comment=said)


def test_the_records_of_a_name_are_found_and_no_others(fake: tuple[FakeZone, Zone]) -> None:
    state, zone = fake
    state.add("A", "sales.example.com", "203.0.113.5", comment="by hand")
    state.add("A", "x.sales.example.com", "203.0.113.6")
    (one,) = zone.records("sales.example.com")
    assert (one.type, one.content, one.comment) == ("A", "203.0.113.5", "by hand")
    assert len(one.id) == 32


@pytest.mark.parametrize(
    ("record", "other", "blocks"),
    [
        (A, found(A, content="203.0.113.5"), True),
        (A, found(A, content="203.0.113.5", said=OURS), True),
        (A, found(A, "AAAA", "2001:db8::9"), False),
        (A, found(A, "CNAME", "elsewhere.example"), True),
        (A, found(A, "TXT", "anything"), False),
        (ALIAS, found(ALIAS, "TXT", "anything"), True),
        (SPF, found(SPF, content='"V=SPF1 include:x.example ~all"'), True),
        (SPF, found(SPF, content="google-site-verification=x"), False),
        (CAA, found(CAA, content='0 issue "b.example"'), True),
        (CAA, found(CAA, content='0 issue "b.example"', said=OURS), False),
        (CAA, found(CAA, content='0 issue "a.example"', said=OURS), True),
    ],
)
def test_what_would_make_two_answers_of_one_is_in_the_way(record: Record, other: Found, blocks: bool) -> None:
    assert in_the_way(record, [other], OURS) == ([other] if blocks else [])


def test_the_refusal_is_one_line_with_the_command_that_imports() -> None:
    other = found(A, content="203.0.113.5")
    assert refusal(A, [other], OURS, "pulumi config set KEY {id}") == (
        "sales.example.com A 203.0.113.5 is at Cloudflare already and was not made by this stack; to take it over "
        f"as sales.example.com-a: pulumi config set KEY {'1' * 32}; or delete it there"
    )


def test_a_record_of_a_lost_state_is_named_as_such() -> None:
    assert "was made by this stack, whose state has lost it" in refusal(
        A, [found(A, said=OURS)], OURS, "x {id}"
    )


def test_what_can_never_be_taken_over_is_not_offered() -> None:
    text = refusal(A, [found(A, "CNAME", "elsewhere.example")], OURS, "import {id}")
    assert "it can't be beside A; or delete it there" in text and "import" not in text


def test_a_refused_token_is_said_with_what_it_needs(fake: tuple[FakeZone, Zone]) -> None:
    _, zone = fake
    wrong = Zone(id=ZONE, token="wrong", base_url=zone.base_url, first_wait=0.01)
    with pytest.raises(
        LookError, match=r"Authentication error \(10000\); it needs Zone / DNS / Edit"
    ) as caught:
        wrong.records("x.example.com")
    assert not caught.value.passing


def test_an_unknown_zone_is_said_with_its_setting(fake: tuple[FakeZone, Zone]) -> None:
    _, zone = fake
    wrong = Zone(id="f" * 32, token=TOKEN, base_url=zone.base_url, first_wait=0.01)
    with pytest.raises(LookError, match=r"check dns\.zoneId"):
        wrong.records("x.example.com")


def test_an_api_that_is_busy_for_a_moment_is_asked_again(fake: tuple[FakeZone, Zone]) -> None:
    state, zone = fake
    state.failures = [(429, {"Retry-After": "0"}), (503, {})]
    assert zone.records("x.example.com") == []
    assert len(state.calls) == 3


def test_a_wait_of_minutes_is_not_waited_for(fake: tuple[FakeZone, Zone]) -> None:
    state, zone = fake
    state.failures = [(429, {"Retry-After": "300"})]
    with pytest.raises(LookError, match="run again later") as caught:
        zone.records("x.example.com")
    assert caught.value.passing and len(state.calls) == 1


def test_an_api_out_of_reach_is_a_passing_failure(tmp_path: Path) -> None:
    zone = Zone(id=ZONE, token=TOKEN, base_url="http://127.0.0.1:9", first_wait=0.01)
    with pytest.raises(LookError, match="Connection refused") as caught:
        zone.records("x.example.com")
    assert caught.value.passing


def test_the_token_is_in_no_representation() -> None:
    assert TOKEN not in repr(Zone(id=ZONE, token=TOKEN))
