"""Records at a real DNS server."""

from __future__ import annotations

import dataclasses
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.dns.plan import records
from components.dns.rfc2136.__main__ import apply
from components.dns.rfc2136.exchange import Server, ServerError
from components.dns.rfc2136.spec import WantedZone, wanted_records
from tests.components.dns.example import FULL, ZONE
from tests.components.dns.rfc2136 import named
from tests.components.dns.rfc2136.named import SECRET, Named

SALES = ("sales", "A", "192.0.2.1")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    with named.running(tmp_path_factory.mktemp("named")) as server:
        yield server


@pytest.fixture
def server(shared: Named) -> Iterator[Named]:
    yield shared
    assert apply(shared.wanted()) == 0
    shared.by_hand(("delete", "sales"), ("delete", "old"), ("add", "old", "A", "203.0.113.5"))


def test_every_kind_of_record_is_made_and_the_second_time_nothing_changes(server: Named) -> None:
    wanted = server.wanted(records=wanted_records(records(FULL)))
    assert apply(wanted) == 0
    assert server.has("sales", "A") == {"192.0.2.1"}
    assert server.has("app", "AAAA") == {"2001:db8::1"}
    assert server.has("sales", "CAA") == {
        '0 issue "letsencrypt.org"',
        '0 issuewild ";"',
        '0 iodef "mailto:ops@example.test"',
    }
    assert server.has("brevo1._domainkey", "CNAME") == {"b1.example-test.dkim.brevo.com."}
    assert server.has("_dmarc", "TXT") == {'"v=DMARC1; p=none; rua=mailto:rua@dmarc.brevo.com"'}
    before = server.serial()
    assert apply(wanted) == 0
    assert server.serial() == before
    found = Server(wanted).look()
    assert (found.told, found.refused, found.after) == ([], [], {})


def test_texts_of_others_at_the_same_name_stay(server: Named) -> None:
    apply(server.wanted(records=wanted_records(records(FULL))))
    others = '"google-site-verification=others"'
    assert server.has("", "TXT") == {others, '"brevo-code:0123"', '"v=spf1 include:spf.brevo.com ~all"'}
    apply(server.wanted(SALES))
    assert server.has("", "TXT") == {others}


def test_what_is_no_longer_wanted_goes_and_what_changes_changes(server: Named) -> None:
    apply(server.wanted(SALES, ("app", "A", "192.0.2.1")))
    apply(server.wanted(("sales", "A", "192.0.2.2")))
    assert server.has("sales", "A") == {"192.0.2.2"}
    assert server.has("app", "A") == set()


def test_removal_leaves_nothing_of_ours_and_everything_of_others(server: Named) -> None:
    wanted = server.wanted(records=wanted_records(records(FULL)))
    apply(wanted)
    command = [sys.executable, "-m", "components.dns.rfc2136.remove"]
    subprocess.run(command, input=wanted.text(), text=True, check=True, capture_output=True)
    assert server.has("sales", "ANY") == server.has("_dhanman-qa", "TXT") == set()
    assert server.has("", "TXT") == {'"google-site-verification=others"'}
    assert server.has("old", "A") == {"203.0.113.5"}


def test_a_record_of_others_is_refused_in_one_line_and_nothing_changes(
    server: Named, capsys: pytest.CaptureFixture[str]
) -> None:
    before = server.serial()
    assert apply(server.wanted(SALES, ("old", "A", "192.0.2.1"))) == 1
    error, now = capsys.readouterr().err.splitlines()
    assert error.startswith(
        f"error: old.{ZONE} A 203.0.113.5 is at 127.0.0.1 already and was not made by this stack;"
    )
    assert "set dns.adopt to true" in error
    assert now == "now: nothing was changed in the zone"
    assert (server.serial(), server.has("sales", "A")) == (before, set())


def test_an_adopted_record_is_changed_and_is_ours_from_then_on(server: Named) -> None:
    wanted = server.wanted(("old", "A", "192.0.2.1"))
    assert apply(dataclasses.replace(wanted, adopt=True)) == 0
    assert server.has("old", "A") == {"192.0.2.1"}
    assert apply(wanted) == 0


def test_an_alias_of_others_is_never_taken_over(server: Named, capsys: pytest.CaptureFixture[str]) -> None:
    assert apply(server.wanted(("alias", "A", "192.0.2.1"), adopt=True)) == 1
    assert "it can't be beside A: delete it there" in capsys.readouterr().err


def test_an_alias_is_not_made_where_there_is_something_else(
    server: Named, capsys: pytest.CaptureFixture[str]
) -> None:
    assert apply(server.wanted(("old", "CNAME", f"ns.{ZONE}."))) == 1
    assert server.has("old", "A") == {"203.0.113.5"}
    assert f"old.{ZONE} A 203.0.113.5 is at 127.0.0.1 already" in capsys.readouterr().err


def test_an_alias_is_not_made_beside_what_nobody_looked_for(
    server: Named, capsys: pytest.CaptureFixture[str]
) -> None:
    server.by_hand(("add", "odd", "LOC", "52 N 13 E 40m"))
    assert apply(server.wanted(("odd", "CNAME", f"ns.{ZONE}."))) == 1
    assert "has changed meanwhile (YXDOMAIN)" in capsys.readouterr().err
    server.by_hand(("delete", "odd"))


def test_a_record_of_ours_may_become_an_alias_and_back(server: Named) -> None:
    assert apply(server.wanted(("key", "TXT", '"p=A"'))) == 0
    assert apply(server.wanted(("key", "CNAME", f"ns.{ZONE}."))) == 0
    assert server.has("key", "CNAME") == {f"ns.{ZONE}."}
    assert apply(server.wanted(("key", "TXT", '"p=B"'))) == 0
    assert server.has("key", "TXT") == {'"p=B"'}


def test_what_somebody_changed_by_hand_is_found_and_put_right(server: Named) -> None:
    wanted = server.wanted(SALES)
    apply(wanted)
    server.by_hand(("delete", "sales", "A"), ("add", "sales", "A", "198.51.100.9"))
    assert Server(wanted).look().told == [f"sales.{ZONE} A: 198.51.100.9 -> 192.0.2.1"]
    assert apply(wanted) == 0
    assert server.has("sales", "A") == {"192.0.2.1"}
    server.by_hand(("delete", "sales", "A"))
    assert Server(wanted).look().told == [f"sales.{ZONE} A: nothing -> 192.0.2.1"]


def test_a_change_between_look_and_update_makes_it_fail_as_a_whole(server: Named) -> None:
    asked = Server(server.wanted(SALES, ("app", "A", "192.0.2.1")))
    found = asked.look()
    server.by_hand(("add", "sales", "A", "198.51.100.9"))
    with pytest.raises(ServerError, match=r"has changed meanwhile \(YXRRSET\): run again"):
        asked.change(found)
    assert server.has("app", "A") == set()


def test_two_environments_in_one_zone_leave_each_other_alone(server: Named) -> None:
    prod = server.wanted(("prod", "A", "192.0.2.9"), environment="prod")
    assert apply(prod) == apply(server.wanted(SALES)) == 0
    assert apply(server.wanted()) == 0
    assert (server.has("prod", "A"), server.has("sales", "A")) == ({"192.0.2.9"}, set())
    assert apply(dataclasses.replace(prod, records=())) == 0


def test_an_update_whose_answer_was_lost_is_still_ours(server: Named) -> None:
    wanted = server.wanted(SALES)
    Server(wanted).change(Server(wanted).look())
    assert apply(server.wanted(("sales", "A", "192.0.2.7"))) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"secret": "d3JvbmcgbGVuZ3RoIGFuZCBjb250ZW50"}, "does not take the key dhanman"),
        ({"key_name": "nobody"}, "does not take the key nobody"),
        ({"key_name": "looker"}, "was asked for an update: REFUSED; let the key looker read and update"),
        ({"zone": "other.test"}, "REFUSED"),
        ({"server": "nowhere.invalid"}, "nowhere.invalid is not found"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_server_does_not_take_is_said_with_the_setting_to_look_at(
    server: Named, changes: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert apply(server.wanted(SALES, **changes)) == 1
    error = capsys.readouterr().err
    assert said in error
    assert SECRET not in error and changes.get("secret", SECRET) not in error


def test_a_server_that_is_not_there_is_one_line(server: Named, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    assert apply(server.wanted(SALES, port=closed)) == 1
    assert "Connection refused; check dns.rfc2136 and the network" in capsys.readouterr().err


def test_a_server_that_says_nothing_is_not_waited_for(
    server: Named, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.dns.rfc2136.exchange._TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        taken: list[object] = []
        thread = threading.Thread(target=lambda: taken.append(silent.accept()), daemon=True)
        thread.start()
        assert apply(server.wanted(SALES, port=silent.getsockname()[1])) == 1
        thread.join()
    assert "does not answer within" in capsys.readouterr().err


def test_what_travels_is_read_back_as_it_was(tmp_path: Path) -> None:
    wanted = Named(1, tmp_path).wanted(SALES)
    assert WantedZone.parse(wanted.text()) == wanted
    assert json.loads(wanted.text())["zone"] == ZONE
