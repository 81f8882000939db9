"""Ways to load changed copies of a correct configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.settings import Settings, SettingsError, load
from tests.components.settings.example import Load, changed


@pytest.fixture
def load_changed(tmp_path: Path) -> Load:
    """See :class:`Load`."""

    def run(changes: Mapping[str, Any] | None = None, /, *, stack: str = "qa", **options: Any) -> Settings:
        return load(stack, changed(changes or {}), project=tmp_path, **options)

    return run


@pytest.fixture
def problems(load_changed: Load) -> Callable[..., list[str]]:
    """The lines that loading a changed configuration ends with."""

    def run(changes: Mapping[str, Any], **options: Any) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load_changed(changes, **options)
        return [str(problem) for problem in caught.value.problems]

    return run
