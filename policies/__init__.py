"""Rules that every preview of a stack must keep: ``pulumi preview --json --show-sames | python -m policies``."""

from policies.preview import resources
from policies.resource import Resource
from policies.rules import RULES, check

__all__ = ["RULES", "Resource", "check", "resources"]
