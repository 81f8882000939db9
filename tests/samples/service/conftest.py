"""Makes the modules of the sample service importable for the tests in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "samples/service"))
# The folder is deployed as it is, so importing from it must leave no __pycache__ there.
_previous, sys.dont_write_bytecode = sys.dont_write_bytecode, True
import dhanman_sample.application  # noqa: E402
import dhanman_sample.dependencies  # noqa: E402
import dhanman_sample.migration  # noqa: E402, F401

sys.dont_write_bytecode = _previous
