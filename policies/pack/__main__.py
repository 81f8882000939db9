#!/usr/bin/env python3
"""The policy pack as Pulumi starts it.

``pulumi preview --policy-pack policies/pack/__main__.py`` runs this file as it is, with the Python of the activated
environment; ``--policy-pack policies/pack`` has Pulumi's own language host run it, with the one in PulumiPolicy.yaml.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from policies.analyzer import serve  # found through the path above

serve()
