"""The headers of the page and its files. Pure.

The Content Security Policy allows what comes from the page's own site and calls to the environment's services, and no
script or plugin of anybody else. Styles may stand in the page, since React's component libraries write them there.

Source: W3C Content Security Policy Level 3; MDN's HTTP Observatory; OWASP's Secure Headers Project.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

OTHERS = {
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    # a window for signing in at another site still finds its way back
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}


def content_security_policy(services: Sequence[str], own: Mapping[str, Sequence[str]]) -> str:
    """The policy of a page that calls the domains ``services``; ``own``: sources in place of those here."""
    calls = [f"{scheme}://{domain}" for domain in services for scheme in ("https", "wss")]
    directives: dict[str, Sequence[str]] = {
        "default-src": ("'none'",),
        "script-src": ("'self'",),
        "style-src": ("'self'", "'unsafe-inline'"),
        "img-src": ("'self'", "data:", "blob:"),
        "font-src": ("'self'", "data:"),
        "connect-src": ("'self'", *calls),
        "manifest-src": ("'self'",),
        "media-src": ("'self'", "blob:"),
        "worker-src": ("'self'", "blob:"),
        "base-uri": ("'self'",),
        "form-action": ("'self'",),
        # as X-Frame-Options says for older browsers
        "frame-ancestors": ("'self'",),
        **own,
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items() if sources)


def page_headers(
    services: Sequence[str], own: Mapping[str, Sequence[str]], *, report_only: bool
) -> dict[str, str]:
    """All headers beyond those of every site."""
    name = "Content-Security-Policy-Report-Only" if report_only else "Content-Security-Policy"
    return {name: content_security_policy(services, own), **OTHERS}
