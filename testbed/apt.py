"""This machine's own way to Debian packages, so that a test host takes the same.

Read when an image is built, and written only into that image; nothing of it is kept in the clone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from testbed.process import run

SUITES = ("forky", "trixie", "bookworm")
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY_MIRROR = "http://deb.debian.org/debian-security"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
LOCAL_CAS = Path("/usr/local/share/ca-certificates")
_DEBIAN_SUITES = {"bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable"}
_OPTION = re.compile(
    r"Acquire::(?:https?::|ForceIPv|Retries|Check-|Max-FutureTime|Min-ValidTime|Languages)", re.IGNORECASE
)
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class AptSettings:
    """How packages are fetched: two mirror addresses and lines of apt configuration."""

    mirror: str
    security_mirror: str
    options: tuple[str, ...]

    def sources(self, suite: str) -> list[str]:
        """One-line apt sources of a suite with its updates and security fixes."""
        return [
            f"deb {self.mirror} {suite} main",
            f"deb {self.mirror} {suite}-updates main",
            f"deb {self.security_mirror} {suite}-security main",
        ]

    def configuration(self) -> str:
        """Text of an apt.conf.d file with these options."""
        return "".join(f"{line}\n" for line in self.options)


def machine_settings() -> AptSettings:
    """Read this machine's apt sources, options and proxy variables, with Debian's mirrors by default."""
    texts = [path.read_text(errors="replace") for path in _source_files()]
    mirrors = [pair for text in texts for pair in parse_sources(text)]
    plain = [uri for uri, suites in mirrors if suites & _DEBIAN_SUITES]
    security = [uri for uri, suites in mirrors if any(_is_security(suite) for suite in suites)]
    return AptSettings(
        mirror=plain[0] if plain else DEFAULT_MIRROR,
        security_mirror=security[0] if security else DEFAULT_SECURITY_MIRROR,
        options=tuple(_options()),
    )


def machine_certificates() -> tuple[str, ...]:
    """The certificate authorities that were added to this machine by hand (a company's proxy, say).

    Where none is kept in the usual folder, the whole bundle counts: it may have been edited in place.
    """
    texts = [path.read_text(errors="replace") for path in sorted(LOCAL_CAS.rglob("*.crt"))]
    if not texts and CA_BUNDLE.is_file():
        texts = [CA_BUNDLE.read_text(errors="replace")]
    return certificates_in("\n".join(texts))


def certificates_in(text: str) -> tuple[str, ...]:
    """The PEM certificates of a text, in order, each once."""
    return tuple(dict.fromkeys(block.rstrip("\n") + "\n" for block in _PEM.findall(text)))


def parse_sources(text: str) -> list[tuple[str, set[str]]]:
    """Pairs of address and suites of an apt source file in either form of sources.list(5)."""
    pairs: list[tuple[str, set[str]]] = []
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^]]*]\s+)?(\S+)\s+(\S+)", line)
        if match:
            pairs.append((match[1].rstrip("/"), {match[2]}))
    for stanza in re.split(r"\n\s*\n", text):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"^([A-Za-z-]+):[ \t]*(.*)$", stanza, re.MULTILINE)
        }
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"]) != ["no"]:
            pairs += [(uri.rstrip("/"), set(fields.get("suites", []))) for uri in fields.get("uris", [])]
    return pairs


def _source_files() -> list[Path]:
    folder = Path("/etc/apt/sources.list.d")
    files = [Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    return [path for path in files if path.is_file()]


def _is_security(suite: str) -> bool:
    return suite.removesuffix("-security") in _DEBIAN_SUITES and suite.endswith("-security")


def _options() -> list[str]:
    dump = run(["apt-config", "dump"], check=False).stdout if Path("/etc/apt").is_dir() else ""
    # an empty value is only a node of apt's tree
    lines = [line for line in dump.splitlines() if _OPTION.match(line) and not line.endswith('"";')]
    for scheme in ("http", "https"):
        proxy = os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme.upper()}_PROXY")
        if proxy and not any(line.lower().startswith(f"acquire::{scheme}::proxy ") for line in lines):
            lines.append(f'Acquire::{scheme}::Proxy "{proxy}";')
    return lines
