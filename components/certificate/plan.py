"""What the certificates of an environment's domains are on the host, where no ACME server is asked."""

from __future__ import annotations

from components.certificate.acme.plan import acme_unit
from components.certificate.spec import CertificateSource, CertificateSpec
from components.unit import Directory, LocalCertificate, Packages, PathPresent, Thing, Unit


def _present(spec: CertificateSpec, domain: str) -> tuple[PathPresent, ...]:
    hint = (
        f"get a certificate for {domain} on the host "
        f"(certbot certonly --webroot -w /var/www/acme -d {domain}), "
        "or change where certificates come from in the stack's settings"
    )
    paths = spec.paths(domain)
    return tuple(PathPresent(path=path, hint=hint) for path in (paths.certificate, paths.key))


def certificates_unit(spec: CertificateSpec, token: str = "") -> Unit:
    """The unit ``certificates-{env}``: NGINX can read a certificate for every domain when it has been applied.

    With an ACME server it is :func:`components.certificate.acme.plan.acme_unit`.
    ``token``: of Cloudflare's DNS, where an ACME server looks there for the proof.
    """
    name = f"certificates-{spec.environment}"
    things: list[Thing]
    if spec.acme:
        return acme_unit(spec, spec.acme, token)
    if spec.source is CertificateSource.LOCAL_CA:
        things = [
            Packages(name=name, packages=("openssl",)),
            Directory(path=spec.root),
            *(
                # A renewed certificate reaches clients only once NGINX has read it again.
                LocalCertificate(directory=spec.root, domain=domain, notify=("reload nginx.service",))
                for domain in spec.domains
            ),
        ]
    else:
        things = [thing for domain in spec.domains for thing in _present(spec, domain)]
    return Unit(name=name, things=tuple(things))
