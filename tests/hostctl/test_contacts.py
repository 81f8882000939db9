"""The addresses that deployments come from, and what fail2ban's own question finds in the list."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from components.host import HostSpec, bans
from components.unit import File
from hostctl import contacts
from hostctl.store import Store
from tests.hostctl.tools import Tools

DAY = 86400
NOW = 1_800_000_000.0


@pytest.fixture
def comes_from(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sets where a transaction comes from."""
    monkeypatch.setattr("hostctl.contacts.shutil.which", lambda _name: None)
    return monkeypatch


def note(store: Store, patch: pytest.MonkeyPatch, address: str | None, now: float = NOW) -> None:
    patch.setattr(contacts, "client", lambda: address)
    contacts.note(store, now=now)


def test_an_address_is_remembered_for_root_alone(store: Store, comes_from: pytest.MonkeyPatch) -> None:
    note(store, comes_from, "203.0.113.7")
    file = store.root / contacts.FILE
    assert file.read_text() == "203.0.113.7 1800000000\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("address", [None, "127.0.0.1", "::1", "somewhere"])
def test_who_works_on_the_host_itself_comes_from_no_address(
    store: Store, comes_from: pytest.MonkeyPatch, address: str | None
) -> None:
    note(store, comes_from, address)
    assert not (store.root / contacts.FILE).exists()


def test_the_interface_of_a_link_local_address_is_left_out(
    store: Store, comes_from: pytest.MonkeyPatch
) -> None:
    note(store, comes_from, "fe80::1%eth0")
    assert list(contacts.known(store)) == ["fe80::1"]


def test_the_second_transaction_of_a_day_writes_nothing_and_the_next_day_s_does(
    store: Store, comes_from: pytest.MonkeyPatch
) -> None:
    note(store, comes_from, "203.0.113.7")
    note(store, comes_from, "203.0.113.7", NOW + DAY - 1)
    assert contacts.known(store) == {"203.0.113.7": NOW}
    note(store, comes_from, "203.0.113.7", NOW + DAY)
    assert contacts.known(store) == {"203.0.113.7": NOW + DAY}


def test_a_clock_that_was_wrong_does_not_keep_an_address_from_being_noted(
    store: Store, comes_from: pytest.MonkeyPatch
) -> None:
    note(store, comes_from, "203.0.113.7", NOW + 900 * DAY)
    note(store, comes_from, "203.0.113.7", NOW)
    assert contacts.known(store) == {"203.0.113.7": NOW}


def test_old_addresses_go_and_so_do_the_oldest_of_too_many(
    store: Store, comes_from: pytest.MonkeyPatch
) -> None:
    note(store, comes_from, "203.0.113.1", NOW - 31 * DAY)
    for number in range(contacts.MOST + 1):
        note(store, comes_from, f"198.51.100.{number}", NOW + number)
    kept = contacts.known(store)
    assert len(kept) == contacts.MOST
    assert not kept.keys() & {"203.0.113.1", "198.51.100.0"}
    assert "198.51.100.1" in kept


def test_a_ban_of_an_address_that_was_not_known_is_lifted_once(
    store: Store, comes_from: pytest.MonkeyPatch, tools: Tools, capsys: pytest.CaptureFixture[str]
) -> None:
    comes_from.setattr("hostctl.contacts.shutil.which", lambda name: f"/usr/bin/{name}")
    tools.answer("fail2ban-client unban 203.0.113.7", "1\n")
    for _ in range(2):
        note(store, comes_from, "203.0.113.7")
    assert tools.asked("fail2ban-client") == ["fail2ban-client unban 203.0.113.7"]
    assert "the ban of 203.0.113.7 is lifted" in capsys.readouterr().err


def test_a_list_that_cannot_be_written_fails_no_transaction(
    store: Store, comes_from: pytest.MonkeyPatch
) -> None:
    def full(_path: Path, _text: str) -> None:
        raise OSError(28, "No space left on device")

    comes_from.setattr(contacts, "write_text", full)
    note(store, comes_from, "203.0.113.7")
    assert contacts.known(store) == {}


def test_the_days_of_the_list_and_of_its_reader_are_the_same() -> None:
    assert bans.CONTACT_DAYS == contacts.DAYS
    assert Path(bans.CONTACTS).name == contacts.FILE


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("203.0.113.7", 0),
        ("203.0.113.77", 1),
        ("203.0.113", 1),
        ("2001:db8::7", 0),
        ("198.51.100.9", 1),
        ("", 1),
        (".*", 1),
    ],
)
def test_fail2ban_is_told_of_addresses_of_the_last_days_alone(
    tmp_path: Path, address: str, status: int
) -> None:
    now = int(subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout)
    contacts_file = tmp_path / "deploys-from"
    contacts_file.write_text(
        f"203.0.113.7 {now - 29 * DAY}\n2001:db8::7 {now}\n198.51.100.9 {now - 31 * DAY}\n"
    )
    assert ask(contacts_file, address) == status


def test_without_a_list_nobody_is_known(tmp_path: Path) -> None:
    assert ask(tmp_path / "missing", "203.0.113.7") == 1


def ask(contacts_file: Path, address: str) -> int:
    spec = HostSpec(environments=("prod",), memory=1 << 30, cores=1)
    (program,) = (t for t in bans.things(spec) if isinstance(t, File) and t.path.startswith("/usr/local/lib"))
    text = program.content.replace(bans.CONTACTS, str(contacts_file))
    done = subprocess.run(["/bin/sh", "-c", text, "deploys-from", address], capture_output=True, check=False)
    assert done.stderr == b""
    return done.returncode
