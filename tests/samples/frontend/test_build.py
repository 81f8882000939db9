"""The sample front end is what a build folder must be: whole, hashed, and served from one domain."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[3] / "samples/frontend"
ASSETS = sorted((BUILD / "assets").iterdir())


@pytest.mark.parametrize("asset", ASSETS, ids=lambda path: path.suffix)
def test_the_name_of_an_asset_holds_the_hash_of_its_content(asset: Path) -> None:
    assert asset.suffixes[0] == f".{hashlib.sha256(asset.read_bytes()).hexdigest()[:8]}"


def test_every_reference_of_the_page_is_a_file_of_the_build() -> None:
    page = (BUILD / "index.html").read_text()
    references = set(re.findall(r'(?:src|href)="(/[^"]+\.[a-z]+)"', page))
    assert references == {"/favicon.svg", *(f"/assets/{asset.name}" for asset in ASSETS)}
    assert all((BUILD / reference.lstrip("/")).is_file() for reference in references)


def test_nothing_is_loaded_from_elsewhere_nor_inline() -> None:
    page = (BUILD / "index.html").read_text()
    assert "://" not in page
    assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\bon[a-z]+=|style=", page)


def test_the_configuration_names_each_of_the_six_services_once() -> None:
    services = json.loads((BUILD / "config.json").read_text())["services"]
    names = [service["name"] for service in services]
    assert sorted(names) == ["common", "community", "inventory", "payroll", "purchase", "sales"]
    assert len({service["url"] for service in services}) == len(names)
