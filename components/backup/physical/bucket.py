"""A bucket as pgBackRest reaches it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket through its S3 API. ``endpoint``: https URL; ``prefix``: folder in it, shared with the dumps.

    ``key_id``: of an access key, set once it is made; its secret half is given to the plan beside this.
    """

    name: str
    prefix: str
    endpoint: str
    region: str
    key_id: str = ""

    @property
    def host(self) -> str:
        """Name of the endpoint."""
        return urlsplit(self.endpoint).hostname or ""

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.endpoint).port or 443

    @property
    def path(self) -> str:
        """Where in the bucket pgBackRest keeps everything."""
        return f"/{self.prefix}/pgbackrest"

    @property
    def place(self) -> str:
        """As people read it."""
        return f"{self.name}{self.path} at {self.host}"
