from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.error
from pathlib import Path
from typing import Any

import pytest

from scripts.steps import StepFailedError, Steps
from toolchain import cli, golang, versions
from toolchain.paths import Clone


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path / "log", io.StringIO())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(root=tmp_path / "clone")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CLI of this machine, an empty cache, and nothing forced."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(cli.CHOICE_VARIABLE, raising=False)
    (tmp_path / "bin").mkdir()


def put(folder: Path, text: str, *, language_host: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    if language_host:
        (folder / "pulumi-language-python").touch(mode=0o755)
    return program


def unreachable(*_: Any, **__: Any) -> Any:
    raise urllib.error.URLError("Name or service not known")


def test_an_installed_cli_is_used(steps: Steps, clone: Clone, tmp_path: Path) -> None:
    program = put(tmp_path / "bin", f"echo v{versions.PULUMI}")
    assert cli.obtain(steps, clone) == cli.Cli(program=program, origin="path")


@pytest.mark.parametrize(
    ("text", "language_host"),
    [
        ("echo v3.1.0", True),
        (f"echo v{versions.PULUMI}", False),
        (f"# dhanman-pulumi-launcher\necho v{versions.PULUMI}", True),
        ("exit 1", True),
    ],
    ids=["too old", "no language host", "launcher of a clone", "broken"],
)
def test_an_unfit_cli_is_passed_over(
    steps: Steps,
    clone: Clone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    language_host: bool,
) -> None:
    put(tmp_path / "bin", text, language_host=language_host)
    monkeypatch.setenv(cli.CHOICE_VARIABLE, "path")
    with pytest.raises(StepFailedError, match="no pulumi"):
        cli.obtain(steps, clone)


def test_an_unreachable_release_leads_to_a_build(
    steps: Steps, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setattr(golang, "build", lambda *_: tmp_path / "built")
    assert cli.obtain(steps, clone) == cli.Cli(program=tmp_path / "built" / "pulumi", origin="build")


def test_a_forced_release_that_is_unreachable_says_why(
    steps: Steps, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    monkeypatch.setenv(cli.CHOICE_VARIABLE, "official")
    with pytest.raises(StepFailedError, match="could not be fetched: Name or service not known"):
        cli.obtain(steps, clone)


def _release(tmp_path: Path) -> bytes:
    program = put(tmp_path / "release" / "pulumi", "echo")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(program.parent, "pulumi")
    return packed.getvalue()


def test_the_release_is_unpacked_when_its_digest_is_the_pinned_one(
    steps: Steps, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _release(tmp_path)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(content))
    digest = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(versions.PULUMI_SHA256, cli.platform_name(), digest)
    found = cli.obtain(steps, clone)
    assert found.origin == "official" and found.program.read_text() == "#!/bin/sh\necho\n"
    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    assert cli.obtain(steps, clone) == found


def test_a_release_with_another_digest_is_refused(
    steps: Steps, clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _release(tmp_path)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(content))
    with pytest.raises(StepFailedError, match="nothing of it was used"):
        cli.obtain(steps, clone)
    assert list((tmp_path / "cache" / "dhanman-infra" / "toolchain").iterdir()) == []


def test_an_unknown_choice_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cli.CHOICE_VARIABLE, "offical")
    with pytest.raises(StepFailedError, match=r"'offical'; it may be one of path, official, build"):
        cli.choice()
