"""What the front end is on the host: the release of a static build, and the site that serves it.

Source: the deployment document, sections "Frontend (SPA) Configuration" and "Folder Structure on Server".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.frontend.headers import page_headers
from components.templates import Templates
from components.unit import (
    CommandCheck,
    Directory,
    File,
    HttpCheck,
    Packages,
    Release,
    Symlink,
    Unit,
    Validation,
)

RELOAD = ("reload nginx.service",)

STATIC_EXTENSIONS = (
    *("js", "mjs", "css", "map", "wasm"),
    *("png", "jpg", "jpeg", "gif", "ico", "svg", "webp", "avif"),
    *("woff", "woff2", "ttf", "eot"),
)
"""The document's list and what today's bundlers add to it."""

IMMUTABLE = rf"(^/(assets|static)/|[.-][0-9a-f]{{8,}}\.({'|'.join(STATIC_EXTENSIONS)})(\.gz)?$)"
"""Paths whose name changes with their content: what browsers may keep for ever, and what outlives its release."""

_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class FrontendSpec:
    """The front end of one environment.

    ``domain``: fully qualified name. ``certificate`` and ``certificate_key``: paths on the host. ``version``,
    ``source`` and ``sha256``: of the build's tar.gz, see :class:`components.unit.Release`. ``keep``: how many
    versions stay on the host, and with them the assets that pages of these versions ask for. ``services``: domains
    that the page calls. ``csp``: directives in place of :mod:`components.frontend.headers`' own.
    ``csp_report_only``: browsers report what they would refuse, and refuse nothing.
    """

    environment: str
    domain: str
    certificate: str
    certificate_key: str
    version: str
    source: str
    sha256: str
    keep: int = 3
    services: tuple[str, ...] = ()
    csp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    csp_report_only: bool = False

    @property
    def name(self) -> str:
        """``dhanman-frontend-prod``: name of the log files."""
        return f"dhanman-frontend-{self.environment}"

    @property
    def root(self) -> str:
        """Where the releases live."""
        return f"/opt/dhanman/{self.environment}/frontend"

    @property
    def kept(self) -> str:
        """Where the assets of all versions that stay are reachable."""
        return f"{self.root}/kept"

    @property
    def www(self) -> str:
        """The document's path of the build, a link to the current release."""
        return f"/var/www/frontend/{self.environment}/build"


def site(spec: FrontendSpec) -> str:
    """The site's NGINX configuration; it includes what the gateway has in ``/etc/nginx/dhanman``."""
    return _TEMPLATES.render(
        "etc/nginx/sites-available/dhanman-{env}-frontend",
        environment=spec.environment,
        domain=spec.domain,
        certificate=spec.certificate,
        certificate_key=spec.certificate_key,
        log=spec.name,
        www=spec.www,
        kept=spec.kept,
        immutable=IMMUTABLE,
        extensions="|".join(STATIC_EXTENSIONS),
    )


def headers(spec: FrontendSpec) -> str:
    """What the site's locations include: the headers of every site, and the page's own."""
    own = page_headers(spec.services, spec.csp, report_only=spec.csp_report_only)
    return _TEMPLATES.render("etc/nginx/dhanman/frontend-headers.conf", headers=own)


def _page_check(spec: FrontendSpec) -> CommandCheck:
    """The page comes over HTTPS; who signed the certificate is not what is asked here."""
    resolve = f"{spec.domain}:443:127.0.0.1"
    url = f"https://{spec.domain}/"
    flags = ("--fail", "--silent", "--show-error", "--insecure", "--max-time", "5", "--noproxy", "*")
    return CommandCheck(
        argv=("curl", *flags, "--output", "/dev/null", "--resolve", resolve, url),
        title=f"{url} answers on the host",
        log=f"/var/log/nginx/{spec.name}-error.log",
    )


def frontend_unit(spec: FrontendSpec) -> Unit:
    """The unit ``frontend-{env}``: NGINX serves this version of the build when it has been applied."""
    included = "/etc/nginx/dhanman/frontend-headers.conf"
    available = f"/etc/nginx/sites-available/dhanman-{spec.environment}-frontend"
    enabled = f"/etc/nginx/sites-enabled/dhanman-{spec.environment}-frontend"
    return Unit(
        name=f"frontend-{spec.environment}",
        things=(
            # The check below runs it, and a minimal server has none.
            Packages(name=f"frontend-{spec.environment}", packages=("curl",)),
            Directory(path="/var/www/frontend"),
            Directory(path=f"/var/www/frontend/{spec.environment}"),
            Release(
                root=spec.root,
                version=spec.version,
                source=spec.source,
                sha256=spec.sha256,
                public=True,
                keep=spec.keep,
                links=(spec.www,),
                pool=spec.kept,
                pool_pattern=IMMUTABLE,
            ),
            # NGINX looks at the link for each request, so a new version needs no reload.
            Symlink(path=spec.www, target=f"{spec.root}/releases/{spec.version}"),
            File(path=included, content=headers(spec), notify=RELOAD),
            File(path=available, content=site(spec), notify=RELOAD),
            Symlink(path=enabled, target=available, notify=RELOAD),
        ),
        validations=(Validation(argv=("/usr/sbin/nginx", "-t", "-q")),),
        checks=(HttpCheck(path="/", port=80, host=spec.domain, status=301), _page_check(spec)),
    )
