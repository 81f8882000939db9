"""An apt source and its key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hostctl.errors import HostError
from hostctl.kinds import apt_repository, build
from hostctl.kinds.apt_repository import AptRepository
from hostctl.kinds.packages import Packages
from tests.hostctl.tools import Tools

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
FINGERPRINT = "B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8"
WANTED: dict[str, Any] = {
    "kind": "apt_repository", "name": "pgdg", "uri": "https://apt.example", "suite": "bookworm-pgdg",
    "components": ["main", "18"], "key": KEY, "fingerprint": f"b97b 0afc {FINGERPRINT[8:]}",
}  # fmt: skip


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tools: Tools) -> Path:
    """Where the source goes; its key lies beside it, and gpg knows whose it is."""
    monkeypatch.setattr(AptRepository, "_source", tmp_path / "pgdg.sources")
    monkeypatch.setattr(AptRepository, "_key", tmp_path / "pgdg.asc")
    tools.answer("gpg", f"pub:-:4096:1:ACCC4CF8:::\nfpr:::::::::{FINGERPRINT}:\n")
    return tmp_path / "pgdg.sources"


def _repository(**more: Any) -> AptRepository:
    thing = build(WANTED | more)
    assert isinstance(thing, AptRepository)
    return thing


def test_its_places_are_those_that_apt_reads() -> None:
    assert str(_repository()._source) == "/etc/apt/sources.list.d/pgdg.sources"
    assert str(_repository()._key) == "/etc/apt/keyrings/pgdg.asc"


def test_source_and_key_are_written_the_index_of_this_source_alone_is_read_and_both_go_again(
    source: Path, tools: Tools
) -> None:
    thing = _repository()
    before = thing.observe()
    assert before is not None
    assert thing.differs(before) == ["source", "key"]
    assert not thing.foreign(before)
    thing.apply(before)
    assert thing.differs(thing.observe()) == []
    assert source.read_text() == (
        "Types: deb\nURIs: https://apt.example\nSuites: bookworm-pgdg\nComponents: main 18\n"
        f"Signed-By: {source.parent}/pgdg.asc\n"
    )
    assert source.stat().st_mode & 0o777 == 0o644
    (update,) = tools.asked("apt-get")
    assert " update " in update
    assert f"Dir::Etc::sourcelist={source}" in update
    assert "Dir::Etc::sourceparts=-" in update
    thing.restore(before)
    assert list(source.parent.iterdir()) == []


def test_a_file_that_was_changed_is_named_and_a_source_that_was_there_is_somebodys(
    source: Path, tools: Tools
) -> None:
    thing = _repository()
    thing.apply(thing.observe())
    (source.parent / "pgdg.asc").write_text("other")
    state = thing.observe()
    assert thing.differs(state) == ["key"]
    assert thing.foreign(state or {})


def test_a_key_of_another_fingerprint_is_refused_before_anything_is_written(
    source: Path, tools: Tools
) -> None:
    tools.answer("gpg", f"fpr:::::::::{'0' * 40}:\n")
    with pytest.raises(HostError, match="has not the fingerprint"):
        _repository().apply(None)
    assert list(source.parent.iterdir()) == []
    assert KEY in tools.stdin


def test_a_key_without_a_fingerprint_is_taken_as_it_is(source: Path, tools: Tools) -> None:
    tools.answer("gpg", status=2)
    _repository(fingerprint=None).apply(None)
    assert (source.parent / "pgdg.asc").read_text() == KEY


def test_an_index_that_can_not_be_read_names_the_address(source: Path, tools: Tools) -> None:
    tools.answer("apt-get", status=100)
    with pytest.raises(HostError) as failed:
        _repository().apply(None)
    assert failed.value.hint == "the host must reach https://apt.example"


def test_a_key_of_a_package_is_installed_with_it_and_named_in_the_source(
    source: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Packages, "apply", lambda self, _state: asked.extend(self.wanted["packages"]))
    thing = _repository(key=None, fingerprint=None, signed_by="/usr/share/k.gpg", key_package="k-keyring")
    thing.apply(thing.observe())
    assert asked == ["k-keyring"]
    assert source.read_text().endswith("Signed-By: /usr/share/k.gpg\n")
    assert not tools.asked("gpg")
    tools.answer("dpkg-query", "k-keyring 1 installed install\n")
    thing.apply(thing.observe())
    assert asked == ["k-keyring"]


@pytest.mark.parametrize(
    ("policy", "differences"),
    [
        ("postgresql-18:\n  Candidate: 18.1-1\n", []),
        ("postgresql-18:\n  Candidate: (none)\n", ["source", "key"]),
        ("", ["source", "key"]),
    ],
)
def test_where_the_distribution_has_the_package_no_source_is_needed(
    source: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch, policy: str, differences: list[str]
) -> None:
    refreshed: list[bool] = []
    monkeypatch.setattr(apt_repository, "refresh_index", lambda: refreshed.append(True))
    tools.answer("apt-cache policy postgresql-18", policy)
    thing = _repository(unless_available="postgresql-18")
    assert thing.differs(thing.observe()) == differences
    assert refreshed == [True]


def test_a_source_that_is_there_already_is_kept_right_though_it_now_offers_the_package(
    source: Path, tools: Tools
) -> None:
    tools.answer("apt-cache policy", "Candidate: 18.1-1\n")
    source.write_text("other")
    thing = _repository(unless_available="postgresql-18")
    assert thing.differs(thing.observe()) == ["source", "key"]


def test_the_hosts_own_codename_stands_for_its_placeholder(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Path.read_text

    def read_text(path: Path, **more: Any) -> str:
        if path == Path("/etc/os-release"):
            return 'NAME="Debian"\nVERSION_CODENAME="trixie"\n\nodd\n'
        return plain(path, **more)

    monkeypatch.setattr(Path, "read_text", read_text)
    thing = _repository(suite="{codename}-pgdg")
    thing.apply(thing.observe())
    assert "Suites: trixie-pgdg\n" in source.read_text()


def test_the_record_tells_of_a_changed_key(source: Path) -> None:
    thing = _repository()
    thing.apply(thing.observe())
    again = build(thing.record() | {"kind": "apt_repository"})
    assert again.differs(again.observe()) == []
    (source.parent / "pgdg.asc").unlink()
    assert again.differs(again.observe()) == ["key"]
