"""What the running kernel can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostctl import kernel
from tests.hostctl.tools import Tools


def test_a_module_is_there_if_it_is_loaded_or_can_be(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "LOADED", tmp_path)
    tools.answer("modprobe --dry-run --quiet wireguard", status=1)
    assert not kernel.has_module("wireguard")
    tools.answer("modprobe --dry-run --quiet wireguard")
    assert kernel.has_module("wireguard")
    (tmp_path / "tun").mkdir()
    assert kernel.has_module("tun")
    assert len(tools.calls) == 2, "what is loaded is not asked for"


def test_without_modprobe_only_what_is_loaded_is_known(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "LOADED", tmp_path)
    tools.answer("modprobe", status=127)
    assert not kernel.has_module("wireguard")
