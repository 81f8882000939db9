"""All resources of a stack, with what several rules look up in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.resource import Resource, Unit

_ENVIRONMENT = "dhanman:environment:Environment"


@dataclass(frozen=True, kw_only=True)
class Breach:
    """What is wrong with a resource, and what to do."""

    resource: Resource
    wrong: str
    do: str

    def __str__(self) -> str:
        return f"{self.resource.name} ({self.resource.type}): {self.wrong}; {self.do}"


class Stack:
    """``resources``: all that will be there afterwards."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)

    @cached_property
    def environment(self) -> str:
        """``prod``, ``qa`` or ``local``; empty if there is no environment."""
        return next((r.name for r in self.resources if r.type == _ENVIRONMENT), "")

    @cached_property
    def units(self) -> tuple[tuple[Resource, Unit], ...]:
        """Every unit that is known, with the resource that sends it."""
        return tuple((r, r.unit) for r in self.resources if r.unit)

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """The resources whose units are not known yet."""
        return tuple(r.name for r in self.resources if r.applies and r.unit is None)

    @cached_property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """By host: the content of each file by its path."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for resource, unit in self.units:
            found[resource.host].update(unit.files)
        return found

    def within(self, component: str) -> Iterator[tuple[Resource, Unit]]:
        """The units below components of this type."""
        return ((r, unit) for r, unit in self.units if component in r.types[:-1])


Rule = Callable[[Stack], Iterator[Breach]]
