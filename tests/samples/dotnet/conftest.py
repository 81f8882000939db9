"""Makes the build script of the .NET sample importable for the tests in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "samples/dotnet"))
