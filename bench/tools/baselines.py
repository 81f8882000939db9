"""What the baselines share: the variables and templates below `bench/baselines`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent / "baselines"
TEMPLATES = ROOT / "templates"


def variables() -> dict[str, Any]:
    """The content of `vars.yml`."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "vars.yml").read_text(encoding="utf-8"))
    return content
