"""Where the gateway's certificates come from, and where they are on the host."""

from components.certificate.component import (
    AcmeServer,
    AcmeServerArgs,
    Certificate,
    CertificateArgs,
    IssuedCertificates,
    IssuedCertificatesArgs,
)
from components.certificate.plan import certificates_unit
from components.certificate.spec import AcmeSpec, CertificatePaths, CertificateSource, CertificateSpec

__all__ = [
    "AcmeServer",
    "AcmeServerArgs",
    "AcmeSpec",
    "Certificate",
    "CertificateArgs",
    "CertificatePaths",
    "CertificateSource",
    "CertificateSpec",
    "IssuedCertificates",
    "IssuedCertificatesArgs",
    "certificates_unit",
]
