"""From settings to repositories of packages. Pure."""

from __future__ import annotations

from components.settings import AptSource, Settings
from components.unit import AptRepository


def apt_repository(
    settings: Settings, name: str, path: str, source: AptSource, *, package: str | None = None
) -> AptRepository:
    """A feed with the key that the settings name. ``package``: not used where the distribution has that one."""
    return AptRepository(
        name=f"dhanman-{name}",
        uri=source.uri,
        suite=source.suite or "{codename}",
        components=source.components,
        key=settings.keys.get(path),
        fingerprint=source.fingerprint,
        signed_by=source.signed_by,
        unless_available=package,
        key_package="postgresql-common" if name == "postgresql" and source.signed_by else None,
    )
