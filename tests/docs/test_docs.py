"""What the documents say of files, targets and settings is true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings import load

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)
MAKE = re.compile(r"\bmake (?:--silent |-s )?([a-z][a-z-]*)")
IN_CODE = re.compile(r"`([^`\n]+)`")


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    return {anchor(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")}


def code(document: Path) -> Iterator[str]:
    """All that stands in fences and between backticks."""
    text = document.read_text(encoding="utf-8")
    yield from (body for _, body in FENCE.findall(text))
    yield from IN_CODE.findall(FENCE.sub("", text))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        below = both.get(key)
        both[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Every YAML block that is a piece of a stack file."""
    found = []
    for document in DOCUMENTS:
        for language, body in FENCE.findall(document.read_text(encoding="utf-8")):
            if language == "yaml" and body.lstrip().startswith("dhanman:"):
                found.append(
                    (f"{document.name}: {body.strip().splitlines()[1].strip()}", yaml.safe_load(body))
                )
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    text = FENCE.sub("", document.read_text(encoding="utf-8"))
    broken = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    named = {target for piece in code(document) for target in MAKE.findall(piece)}
    assert named - targets() == set()


def test_every_make_target_is_described() -> None:
    described = {
        target
        for piece in code(ROOT / "docs" / "operations.md")
        for target in re.findall(r"^make ([a-z-]+)", piece, re.MULTILINE)
    }
    assert targets() - described == set()


def test_every_path_of_the_layout_exists() -> None:
    layout = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Layout")[2]
    paths = [
        path
        for line in layout.splitlines()
        if line.startswith("| `")
        for path in IN_CODE.findall(line.split("|")[1])
    ]
    assert len(paths) > 8
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_of_the_project_that_is_named_exists(document: Path) -> None:
    folders = "components|hostctl|toolchain|testbed|scripts|samples|tests|docs"
    path = re.compile(rf"(?:{folders})/[\w/.-]*\w")
    named = {
        p for p in IN_CODE.findall(FENCE.sub("", document.read_text(encoding="utf-8"))) if path.fullmatch(p)
    }
    assert sorted(p for p in named if not (ROOT / p).exists()) == []


def test_there_are_examples_of_settings() -> None:
    assert len(examples()) >= 3


@pytest.mark.parametrize(("name", "example"), examples(), ids=[name for name, _ in examples()])
def test_an_example_of_settings_is_accepted_in_prod(name: str, example: dict[str, Any]) -> None:
    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    load("prod", merged(config, example), project=ROOT)


def test_every_kind_of_thing_is_in_the_architecture() -> None:
    from hostctl.kinds import KINDS

    table = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in table] == []


def test_every_output_is_described() -> None:
    from components import outputs

    config = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8"))["config"]
    made = outputs.of(load("prod", config, project=ROOT))
    keys = {
        *made,
        *next(iter(made["services"].values())),
        *made["frontend"],
        *next(iter(made["hosts"].values())),
    }
    text = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8").partition("The local stack, whole")[0]
    described = {word for piece in IN_CODE.findall(text) for word in re.findall(r"\w+", piece)}
    assert keys - described == set()
