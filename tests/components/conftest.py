"""The project's own stacks, each registered once against mocks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import artifacts
from components.environment import Environment
from components.settings import Settings, load
from components.specs import applications
from tests.components.mocked import Recorder
from tests.components.recording import PROJECT, Recording, record, stack_settings
from tests.components.settings.example import Load, changed


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """What prod, qa and local register, without any network."""
    cache = tmp_path_factory.mktemp("artifacts")

    def pack(source: Path) -> artifacts.PackedArtifact:
        return artifacts.pack(PROJECT / source, cache)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(applications, "pack", pack)
        return {
            stack: record(lambda stack=stack: Environment(stack_settings(stack)), stack=stack)  # type: ignore[misc]
            for stack in ("prod", "qa", "local")
        }


@pytest.fixture
def load_outputs(tmp_path: Path) -> Load:
    """Loads changed copies of a correct configuration."""

    def run(changes: Mapping[str, Any] | None = None, /, *, stack: str = "qa", **options: Any) -> Settings:
        return load(stack, changed(changes or {}), project=tmp_path, **options)

    return run


@pytest.fixture
def recorder() -> Recorder:
    """Pulumi's mocks, fresh for one test."""
    mocks = Recorder()
    pulumi.runtime.set_mocks(mocks, preview=False)
    return mocks
