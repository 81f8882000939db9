"""The rule that keeps prod and qa apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from policies.resource import UNKNOWN, Resource, Unit, plain
from policies.rules.names import public_names
from policies.stack import Breach, Stack

ENVIRONMENTS = ("prod", "qa", "local")
_BUCKET = "dhanman:backup:BackupBucket"
_QA = "qa."
_PROGRAMS = "/usr/local/"
"""Programs are the same for all environments, and some of their files are named after what they do."""


def environments_are_apart(stack: Stack) -> Iterator[Breach]:
    """Databases, queues, buckets, units, paths and names of one environment are no other's."""
    own = stack.environment
    if own not in ENVIRONMENTS:
        return
    # "local" is a word of its own in paths and names, and what is "from-prod" are masked copies
    others = "|".join(name for name in ENVIRONMENTS if name not in (own, "local"))
    foreign = re.compile(rf"(^|(?<!from)[/.@-])({others})($|[/.@-])")
    for resource, unit in stack.units:
        for what, name in _named(unit):
            if not name.startswith(own):
                do = f"let its name begin with {own}, as components/naming.py does"
                yield Breach(resource=resource, wrong=f"{what} {name} is not named after {own}", do=do)
        for place in (unit.name, *unit.files):
            if not place.startswith(_PROGRAMS) and foreign.search(place):
                do = "take names and paths from components/naming.py"
                yield Breach(resource=resource, wrong=f"{place} is another environment's", do=do)
    for resource, name in public_names(stack):
        if own != "local" and name.startswith(_QA) != (own == "qa"):
            do = f"QA's names begin with {_QA}, and no others"
            yield Breach(resource=resource, wrong=f"{name} is no name of {own}", do=do)
    for resource, name in _buckets(stack):
        if foreign.search(name) or (own == "qa" and not re.search(r"(^|[._-])qa($|[._-])", name)):
            do = "each environment has a bucket of its own: set backup.bucket.name"
            yield Breach(resource=resource, wrong=f"the bucket {name} is not {own}'s", do=do)


def _named(unit: Unit) -> Iterator[tuple[str, str]]:
    for thing in unit.of("postgres_database"):
        yield "the database", str(thing["name"])
    for thing in unit.of("object_bucket"):
        yield "the bucket", str(thing["name"])
    for thing in unit.of("rabbitmq_definitions", "rabbitmq_queues"):
        yield "the vhost", str(thing["vhost"])


def _buckets(stack: Stack) -> Iterator[tuple[Resource, str]]:
    """The bucket that backups go to, as it is made."""
    for resource in stack.resources:
        if _BUCKET not in resource.types[:-1]:
            continue
        text = plain(resource.inputs.get("stdin"))
        if resource.type == "command:local:Command" and isinstance(text, str) and text != UNKNOWN:
            wanted = json.loads(text)
            yield resource, str(wanted.get("bucket") or wanted["name"])
        elif resource.type == "cloudflare:index/r2Bucket:R2Bucket":
            yield resource, str(resource.inputs.get("name"))
