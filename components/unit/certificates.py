"""The certificates of a host's gateway as things of a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from components.unit.things import Thing


@dataclass(frozen=True, kw_only=True)
class AcmeCertificates(Thing):
    """Something that NGINX can read for each certificate: the ACME server's, or a placeholder until there is one.

    ``path``: folder of the certificates, their keys and the account; ``state``: of status and metrics; ``program``:
    who sees to it, a :class:`~components.unit.things.File` of the same unit. Data: kept on delete, unless data deletion
    was asked for.
    """

    kind: ClassVar[str] = "acme_certificates"
    path: str
    state: str
    program: str
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class IssuedCertificates(Thing):
    """Each certificate is from the ACME server at ``directory``, for its domains, and NGINX serves it.

    What is missing is asked for; what was got stays, whatever becomes of the rest. Renewal is not its affair, but for
    what has expired. Deleting it takes nothing away.
    """

    kind: ClassVar[str] = "issued_certificates"
    name: str
    program: str
    certificates: dict[str, tuple[str, ...]]
    directory: str
    key_type: str
