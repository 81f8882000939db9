"""System groups and users."""

from __future__ import annotations

import grp
import pwd
from typing import Any

import pytest

from hostctl.kinds import build
from hostctl.kinds.base import Kind
from tests.hostctl.tools import Tools

WANTED = {
    "kind": "user", "name": "sales", "group": "sales", "groups": ["ssl", "adm"], "home": "/nonexistent",
    "shell": "/usr/sbin/nologin", "system": True,
}  # fmt: skip
AS_WANTED = {
    "present": True, "group": "sales", "groups": ["adm", "ssl"], "home": "/nonexistent",
    "shell": "/usr/sbin/nologin",
}  # fmt: skip
USERMOD = "usermod --gid {group} --groups {groups} --home {home} --shell {shell} sales"


class Accounts:
    """The host's groups with their members, and its user ``sales`` if there is one."""

    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = {
            "root": [],
            "sales": [],
            "adm": ["sales"],
            "ssl": ["eve", "sales"],
        }
        self.user: tuple[str, str, str] | None = ("sales", "/nonexistent", "/usr/sbin/nologin")

    def group_list(self) -> list[grp.struct_group]:
        return [grp.struct_group((n, "x", i, m)) for i, (n, m) in enumerate(self.groups.items())]

    def passwd(self, name: str) -> pwd.struct_passwd:
        if name != "sales" or not self.user:
            raise KeyError(name)
        group, home, shell = self.user
        return pwd.struct_passwd((name, "x", 900, list(self.groups).index(group), "", home, shell))


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Accounts:
    made = Accounts()
    monkeypatch.setattr(grp, "getgrall", made.group_list)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: made.group_list()[gid])
    monkeypatch.setattr(pwd, "getpwnam", made.passwd)
    return made


@pytest.fixture
def user(accounts: Accounts) -> Kind:
    return build(WANTED)


def test_a_user_as_wanted_does_not_differ_whatever_the_order_of_its_groups(user: Kind) -> None:
    assert user.observe() == AS_WANTED
    assert user.differs(AS_WANTED) == []


def test_each_field_that_is_other_is_named(user: Kind, accounts: Accounts) -> None:
    accounts.user = ("adm", "/home/sales", "/bin/sh")
    accounts.groups["ssl"] = []
    assert user.differs(user.observe()) == [
        "group adm -> sales",
        "home /home/sales -> /nonexistent",
        "shell /bin/sh -> /usr/sbin/nologin",
        "groups ['adm'] -> ['adm', 'ssl']",
    ]


def test_only_an_account_that_is_there_can_be_somebodys(user: Kind, accounts: Accounts) -> None:
    assert user.foreign(AS_WANTED)
    accounts.user = None
    state = user.observe()
    assert user.differs(state) == ["missing"]
    assert not user.foreign(state or {})


@pytest.mark.parametrize(("system", "option"), [(True, "--system"), (False, "--create-home")])
def test_a_missing_user_is_made_with_all_its_fields(
    tools: Tools, accounts: Accounts, system: bool, option: str
) -> None:
    build(WANTED | {"system": system}).apply({"present": False})
    assert tools.calls == [
        f"useradd {option} --gid sales --groups adm,ssl --home-dir /nonexistent --shell /usr/sbin/nologin sales"
    ]


def test_a_user_that_is_there_is_corrected_and_put_back(user: Kind, tools: Tools, accounts: Accounts) -> None:
    before: dict[str, Any] = AS_WANTED | {"home": "/home/sales", "groups": []}
    user.apply(before)
    user.restore(before)
    assert tools.calls == [
        USERMOD.format(group="sales", groups="adm,ssl", home="/nonexistent", shell="/usr/sbin/nologin"),
        USERMOD.format(group="sales", groups="", home="/home/sales", shell="/usr/sbin/nologin"),
    ]


def test_a_user_that_is_as_it_was_is_left_alone(user: Kind, tools: Tools) -> None:
    user.restore(AS_WANTED)
    assert tools.calls == []


def test_a_user_that_was_not_there_goes_without_its_home(
    user: Kind, tools: Tools, accounts: Accounts
) -> None:
    user.restore({"present": False})
    assert tools.calls == ["userdel sales"]
    accounts.user = None
    user.restore({"present": False})
    assert len(tools.calls) == 1


def test_a_group_is_made_once_and_goes_if_it_was_not_there(tools: Tools, accounts: Accounts) -> None:
    group = build({"kind": "group", "name": "front"})
    before = group.observe()
    assert before is not None
    assert group.differs(before) == ["missing"]
    group.apply(before)
    accounts.groups["front"] = []
    assert group.differs(group.observe()) == []
    assert not group.foreign(before)
    group.restore({"present": True})
    assert tools.calls == ["groupadd --system front"]
    group.restore(before)
    assert tools.calls[1:] == ["groupdel front"]
    del accounts.groups["front"]
    group.restore(before)
    assert len(tools.calls) == 2
