from __future__ import annotations

import re

import pytest

from components.frontend.plan import IMMUTABLE, FrontendSpec, frontend_unit
from components.unit import CommandCheck, File, Packages, Release, Symlink

SITE = "/etc/nginx/sites-available/dhanman-qa-frontend"
SPEC = FrontendSpec(
    environment="qa",
    domain="qa.app.dhanman.com",
    certificate="/pem/app.crt",
    certificate_key="/pem/app.key",
    version="2.1.0",
    source="/var/lib/dhanman/uploads/build.tar.gz",
    sha256="ab" * 32,
)


def test_the_documents_path_is_a_link_to_the_release() -> None:
    things = frontend_unit(SPEC).things
    (release,) = (t for t in things if isinstance(t, Release))
    link = next(t for t in things if isinstance(t, Symlink) and t.path == "/var/www/frontend/qa/build")
    assert link.target == f"{release.root}/releases/2.1.0"
    assert (release.sha256, release.public) == ("ab" * 32, True)
    # Unpacked before the link shows it.
    assert things.index(release) < things.index(link)


def test_a_new_version_changes_no_configuration() -> None:
    newer = FrontendSpec(**{**vars(SPEC), "version": "2.2.0"})
    files = [[t for t in frontend_unit(s).things if isinstance(t, File)] for s in (SPEC, newer)]
    assert files[0] == files[1]


def test_the_site_is_enabled_and_serves_the_documents_path() -> None:
    things = frontend_unit(SPEC).things
    (site,) = (t for t in things if isinstance(t, File) and t.path == SITE)
    assert "root /var/www/frontend/qa/build;" in site.content
    assert site.content.count("server_name qa.app.dhanman.com;") == 2
    enabled = next(t for t in things if isinstance(t, Symlink) and t.target == site.path)
    assert enabled.path == "/etc/nginx/sites-enabled/dhanman-qa-frontend"
    assert enabled.notify == site.notify == ("reload nginx.service",)


def test_every_answer_of_the_site_has_the_pages_headers() -> None:
    files = {t.path: t.content for t in frontend_unit(SPEC).things if isinstance(t, File)}
    assert "include /etc/nginx/dhanman/headers.conf;" not in files[SITE]
    own = files["/etc/nginx/dhanman/frontend-headers.conf"]
    assert "include /etc/nginx/dhanman/headers.conf;" in own
    assert "add_header Content-Security-Policy \"default-src 'none';" in own


def test_the_unit_waits_for_the_page_itself_and_brings_what_asks_for_it() -> None:
    unit = frontend_unit(SPEC)
    (check,) = (c for c in unit.checks if isinstance(c, CommandCheck))
    assert check.argv[-1] == "https://qa.app.dhanman.com/"
    assert "qa.app.dhanman.com:443:127.0.0.1" in check.argv
    (packages,) = (t for t in unit.things if isinstance(t, Packages))
    assert check.argv[0] in packages.packages


@pytest.mark.parametrize(
    ("path", "immutable"),
    [
        ("/assets/app.js", True),
        ("/static/x", True),
        ("/logo.0a1b2c3d.svg", True),
        ("/chunk-0A1B2C3D.JS", True),
        ("/chunk-0a1b2c3d.js.gz", True),
        ("/index.html", False),
        ("/app.js", False),
        ("/v1.2.3/app.js", False),
        ("/more/assets/x.js", False),
    ],
)
def test_what_outlives_its_release_is_what_browsers_keep(path: str, immutable: bool) -> None:
    (release,) = (t for t in frontend_unit(SPEC).things if isinstance(t, Release))
    assert release.pool_pattern == IMMUTABLE
    assert (re.search(IMMUTABLE, path, re.IGNORECASE) is not None) is immutable
    (site,) = (t for t in frontend_unit(SPEC).things if isinstance(t, File) and t.path == SITE)
    assert f'location ~* "{IMMUTABLE}" {{' in site.content
    assert f"root {release.pool};" in site.content


def test_the_release_that_is_served_is_never_dropped() -> None:
    (release,) = (t for t in frontend_unit(SPEC).things if isinstance(t, Release))
    assert (release.links, release.keep) == (("/var/www/frontend/qa/build",), 3)
