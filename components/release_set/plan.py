"""What a release set is on the host: one switch for all of its services. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from components.unit import HttpCheck, Member, ReleaseSet, Unit


def release_set_unit(environment: str, name: str, members: Sequence[Member], ports: Sequence[int]) -> Unit:
    """Unit ``release-set-{name}-{env}``; the services' ``ports`` answer when it has been applied."""
    return Unit(
        name=release_set_unit_name(environment, name),
        things=(ReleaseSet(name=name, members=tuple(members)),),
        checks=tuple(HttpCheck(path="/health", port=port, timeout=10) for port in ports),
    )


def release_set_unit_name(environment: str, name: str) -> str:
    """Name of the unit of one set: ``release-set-billing-prod``."""
    return f"release-set-{name}-{environment}"
