"""Which part of the project may import which."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OWN = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
COMPONENTS = sorted((ROOT / "components").rglob("*.py"))
# reads Pulumi's config and reports to its log; nothing else of Pulumi
READER = {"settings/reader.py"}
KNOW_SETTINGS = ("access.py", "outputs.py")
PURE = [
    path
    for path in COMPONENTS
    if path.name in ("plan.py", "spec.py", "appsettings.py", "naming.py", "outputs.py", "sizing.py",
                     "artifacts.py", "templates.py", "bans.py", "hardening.py", "kernel.py", "upgrades.py")
    or path.parent.name in ("settings", "specs", "unit")
]  # fmt: skip


@cache
def parsed(path: Path) -> ast.Module:
    # what a finalizer of another test logs has a traceback, which CPython 3.11 parses, and a parse inside of one fails
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, at any depth."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def within(path: Path) -> str:
    return str(path.relative_to(ROOT / "components"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [p for p in PURE if within(p) not in READER], ids=name)
def test_settings_and_plans_know_no_pulumi(path: Path) -> None:
    assert not [module for module in imports(path) if module.split(".")[0].startswith("pulumi")]


@pytest.mark.parametrize("path", [p for p in PURE if p.name in ("plan.py", "spec.py")], ids=name)
def test_a_plan_knows_neither_settings_nor_resources(path: Path) -> None:
    for module in imports(path):
        assert not module.startswith(("components.settings", "components.remote")), module
        assert not module.endswith(".component"), module


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_only_remote_knows_the_command_provider(path: Path) -> None:
    found = [module for module in imports(path) if module.split(".")[0] == "pulumi_command"]
    assert not found or path.parent.name == "remote"


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_only_the_environment_and_the_outputs_know_the_settings(path: Path) -> None:
    found = [module for module in imports(path) if module.startswith("components.settings")]
    assert not found or path.parent.name in ("settings", "specs", "environment") or path.name in KNOW_SETTINGS


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_only_settings_read_pulumi_s_config(path: Path) -> None:
    if within(path) in READER:
        return
    tree = ast.walk(parsed(path))
    assert not [
        node for node in tree if isinstance(node, ast.Attribute) and node.attr in ("Config", "CONFIG")
    ]
    assert not [module for module in imports(path) if module.endswith("runtime.config")]


PROGRAMS = [
    path
    for program in ("hostctl", "backupctl", "certctl", "notifier", "objectctl")
    for path in sorted((ROOT / program).rglob("*.py"))
]
# what travels beside a program
SHARED = {"objectctl": {"hostctl.s3"}}


@pytest.mark.parametrize("path", PROGRAMS, ids=name)
def test_the_programs_on_the_host_need_python_alone(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    for module in imports(path):
        top = module.split(".")[0]
        shared = module in SHARED.get(own, set())
        assert top == own or shared or top in sys.stdlib_module_names, module


@pytest.mark.parametrize("path", sorted((ROOT / "policies").rglob("*.py")), ids=name)
def test_policies_judge_what_they_are_sent_and_know_nothing_of_who_sent_it(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports(path)} & (OWN - {"policies"})


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_components_know_nothing_of_what_is_around_them(path: Path) -> None:
    assert not {module.split(".")[0] for module in imports(path)} & (OWN - {"components"})
