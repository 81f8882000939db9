"""Where the gateway's certificates come from, and where they are on the host."""

from components.certificate.component import Certificate, CertificateArgs
from components.certificate.plan import (
    CertificatePaths,
    CertificateSource,
    CertificateSpec,
    certificates_unit,
)

__all__ = [
    "Certificate",
    "CertificateArgs",
    "CertificatePaths",
    "CertificateSource",
    "CertificateSpec",
    "certificates_unit",
]
