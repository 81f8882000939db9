"""What only an update will tell, in a preview that policies judge (``make policy``).

Generated passwords are unknown until they are made, and with them the whole of every unit that holds one: a first
preview would hide from the policies what they are there to look at. So in such a preview, and in no other run, a
stand-in takes the place of what is not known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import pulumi

REPORT = "DHANMAN_POLICY_REPORT"
"""The environment variable that names the policies' report, and so says that this preview is for them."""
STAND_IN = "stand-in-for-what-an-update-generates"


def judged(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a preview that policies judge."""
    return bool(environment.get(REPORT)) and pulumi.runtime.is_dry_run()


def foreseen(value: pulumi.Output[str], stand_in: str = STAND_IN) -> pulumi.Output[str]:
    """The value, as secret as it was; in a preview for the policies ``stand_in`` while it is not known."""
    if not judged():
        return value

    def known(text: str) -> str:
        return stand_in if pulumi.contains_unknowns(text) else text

    return value.apply(known, run_with_unknowns=True)
