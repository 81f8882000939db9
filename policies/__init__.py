"""Rules that every stack must keep, and the policy pack that holds a preview against them: ``make policy``."""

from policies.resource import Resource, Secret
from policies.rules import RULES, check
from policies.stack import Breach, Stack

__all__ = ["RULES", "Breach", "Resource", "Secret", "Stack", "check"]
