"""The kinds of values that a stack file holds, each as a type that says what is allowed.

Validators never put the value into their message: whether a value may be shown is decided in one place,
:mod:`components.settings.messages`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import zoneinfo
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from components.settings.schedule import to_calendar

_SIZE_UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_SCP_UNSAFE_URL = re.compile(r"[\s\"'`\\<>$;|]")


def _number(value: Any) -> Any:
    # Otherwise YAML's true would pass as 1.
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    return value


def _size(value: Any) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s?(KiB|MiB|GiB|TiB)", value) if isinstance(value, str) else None
    if match is None or float(match[1]) == 0:
        raise ValueError("must be a size with its unit (KiB, MiB, GiB, TiB) such as 2GiB")
    return int(float(match[1]) * _SIZE_UNITS[match[2]])


def _percentage(expectation: str) -> BeforeValidator:
    def check(value: Any) -> int:
        match = re.fullmatch(r"(\d{1,5})%", value) if isinstance(value, str) else None
        if match is None or int(match[1]) == 0:
            raise ValueError(f"must be a percentage such as {expectation}")
        return int(match[1])

    return BeforeValidator(check)


def matching(pattern: str, expectation: str) -> AfterValidator:
    """Text that has this form as a whole; ``expectation``: what is said otherwise."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(expectation)
        return value

    return AfterValidator(check)


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address such as 192.0.2.10") from None


def _network(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError("must be a network in CIDR form without host bits, such as 10.0.0.0/8") from None


def _domain(value: str) -> str:
    if len(value) > 253 or not re.fullmatch(rf"{_LABEL}(\.{_LABEL})+", value):
        raise ValueError("must be a full domain name in lower case, such as sales.dhanman.com")
    return value


def _https_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        raise ValueError("must be a URL that starts with https://") from None
    if parts.scheme != "https" or not host or _SCP_UNSAFE_URL.search(value):
        raise ValueError("must be a URL that starts with https://")
    if parts.username or parts.password:
        raise ValueError("must hold no user and no password")
    return value


def _repository_url(value: str) -> str:
    # apt checks signatures itself, so plain http is common for mirrors.
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https", "file") or _SCP_UNSAFE_URL.search(value) or parts.username:
        raise ValueError("must be the address of an apt repository without user and password")
    return value


def _public_key(value: str) -> str:
    expectation = 'must be a public key of the form "ssh-ed25519 AAAA..."'
    words = value.split()
    if len(words) < 2 or words[0] not in _KEY_TYPES or "\n" in value.strip():
        raise ValueError(expectation)
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(expectation) from None
    # The blob repeats the key's type, behind its length in four bytes (RFC 4253, section 6.6).
    if blob[4 : 4 + int.from_bytes(blob[:4], "big")] != words[0].encode() or len(blob) < 40:
        raise ValueError(expectation)
    return value.strip()


def _host_key(value: str) -> str:
    return " ".join(_public_key(value).split()[:2])


def _private_key(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not re.fullmatch(
        r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\n.+\n-----END ([A-Z]+ )?PRIVATE KEY-----", text, re.S
    ):
        raise ValueError("must be a private key with all its lines, from -----BEGIN to -----END")
    return SecretStr(text + "\n")


def _acme_directory(value: str) -> str:
    if value in ACME_DIRECTORIES:
        return value
    try:
        return _https_url(value)
    except ValueError:
        raise ValueError(
            f"must be {', '.join(ACME_DIRECTORIES)} or the https URL of an ACME server's directory"
        ) from None


def _ca_certificate(value: str) -> str:
    text = value.strip()
    if not re.fullmatch(
        r"(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n*)+", text
    ):
        raise ValueError("must be certificates in PEM form, from -----BEGIN CERTIFICATE----- to the end")
    return text + "\n"


def _secret_url(value: SecretStr) -> SecretStr:
    _https_url(value.get_secret_value().strip())
    return SecretStr(value.get_secret_value().strip())


def _filled(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise ValueError("must not be empty")
    return value


def _time_zone(value: str) -> str:
    known = zoneinfo.available_timezones()
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", value) or (known and value not in known):
        raise ValueError("must be a time zone such as Etc/UTC or Asia/Kolkata")
    return value


def _fingerprint(value: str) -> str:
    bare = re.sub(r"\s", "", value).upper()
    if not re.fullmatch(r"[0-9A-F]{40}", bare):
        raise ValueError("must be an OpenPGP fingerprint of 40 hexadecimal digits")
    return bare


def _trusted_proxy(value: str) -> str:
    if value == CLOUDFLARE:
        return value
    try:
        return _network(value)
    except ValueError as error:
        raise ValueError(f"{error}, or {CLOUDFLARE}") from None


def _password_hash(value: SecretStr) -> SecretStr:
    if not re.fullmatch(r"\$(5|6|y|2[aby]|apr1)\$[./A-Za-z0-9$=,]+", value.get_secret_value()):
        raise ValueError("must be the hash of a password, as `openssl passwd -6` prints it")
    return value


CLOUDFLARE = "cloudflare"
"""Stands for the networks that Cloudflare's proxies connect from."""

_KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
)

WholeNumber = Annotated[int, BeforeValidator(_number)]
Count = Annotated[WholeNumber, Field(ge=0)]
Positive = Annotated[WholeNumber, Field(ge=1)]
Port = Annotated[WholeNumber, Field(ge=1, le=65535)]
UnprivilegedPort = Annotated[WholeNumber, Field(ge=1024, le=65535)]
SlotPort = Annotated[WholeNumber, Field(ge=1024, le=32767)]
"""A port that is free between two releases; Linux gives those from 32768 on to outgoing connections."""
Seconds = Annotated[WholeNumber, Field(ge=1, le=3600)]
ByteSize = Annotated[int, BeforeValidator(_size)]
"""Bytes; written with a binary unit, such as ``2GiB``."""
Percent = Annotated[int, _percentage("200% (100% is one core)")]
"""Per cent of one core; written ``200%``."""
Share = Annotated[int, _percentage("10%")]
"""Per cent of something else than a core."""
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
TrustedProxy = Annotated[str, AfterValidator(_trusted_proxy)]
Domain = Annotated[str, AfterValidator(_domain)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
RepositoryUrl = Annotated[str, AfterValidator(_repository_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Calendar = Annotated[str, AfterValidator(to_calendar)]
"""A systemd calendar expression; written as ``02:00``, as a cron line or as such an expression."""
PublicKey = Annotated[str, AfterValidator(_public_key)]
HostKey = Annotated[str, AfterValidator(_host_key)]
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
Secret = Annotated[SecretStr, AfterValidator(_filled)]
SecretUrl = Annotated[SecretStr, AfterValidator(_secret_url)]
"""An https URL that lets in whoever knows it."""
PasswordHash = Annotated[SecretStr, AfterValidator(_password_hash)]
"""As crypt(3) has it; a secret, since it can be guessed at."""
PrivateKey = Annotated[SecretStr, AfterValidator(_private_key)]
ACME_DIRECTORIES = ("production", "staging", "pebble")
"""Names for directories: Let's Encrypt's two, and the test server on a local host itself."""
AcmeDirectory = Annotated[str, AfterValidator(_acme_directory)]
CaCertificate = Annotated[str, AfterValidator(_ca_certificate)]
Email = Annotated[
    str,
    matching(
        rf"[A-Za-z0-9._%+-]+@(?i:{_LABEL}(\.{_LABEL})+)", "must be an e-mail address such as ops@dhanman.com"
    ),
]
Sha256 = Annotated[
    str, matching(r"[0-9a-f]{64}", "must be a SHA-256 digest of 64 hexadecimal digits in lower case")
]
Version = Annotated[
    str,
    matching(
        r"[0-9A-Za-z][0-9A-Za-z.+_~-]{0,63}",
        "must be a version such as 1.4.2 (letters, digits and . + _ ~ -, at most 64)",
    ),
]
Name = Annotated[
    str,
    matching(
        r"[a-z][a-z0-9-]{0,16}[a-z0-9]",
        "must be a name of 2 to 18 lower-case letters, digits and hyphens that starts with a letter",
    ),
]
UserName = Annotated[str, matching(r"[a-z_][a-z0-9_-]{0,31}", "must be a user name such as deploy")]
AbsolutePath = Annotated[
    str,
    matching(
        r"(/(?!\.\.?(/|$))[A-Za-z0-9._@+-]+)+", "must be an absolute path without spaces, such as /backups/x"
    ),
]
LocalPath = Annotated[str, matching(r"[^\0\n]+", "must be a path on this machine")]
BucketName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9-]{4,61}[a-z0-9]", "must be a bucket name (6 to 63 of a-z, 0-9 and -)")
]
B2Endpoint = Annotated[
    str,
    matching(
        r"https://s3\.[a-z0-9-]+\.backblazeb2\.com",
        "must be the bucket's S3 endpoint, such as https://s3.us-west-004.backblazeb2.com",
    ),
]
BucketPrefix = Annotated[
    str,
    matching(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", "must be a path inside the bucket, such as postgresql"),
]
ColumnName = Annotated[
    str,
    matching(
        r"([A-Za-z_][A-Za-z0-9_]*\.){1,2}[A-Za-z_][A-Za-z0-9_]*",
        "must be a column such as employees.salary or hr.employees.salary, written as PostgreSQL shows it",
    ),
]
PackageName = Annotated[
    str, matching(r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?", "must be the name of a Debian package")
]
AppSettingsKey = Annotated[
    str,
    matching(
        r"[A-Za-z0-9_-]+([.:][A-Za-z0-9_-]+)*",
        "must be a key of appsettings.json with dots, such as Auth0.ClientSecret",
    ),
]
VariableName = Annotated[
    str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "must be the name of an environment variable")
]
CspDirective = Annotated[
    str, matching(r"[a-z]+(-[a-z]+)*", "must be a directive of a Content Security Policy, such as img-src")
]
CspSource = Annotated[
    str,
    matching(
        r"[^\s;,\"\\{}$]+",
        "must be one source of a Content Security Policy, such as 'self' or https://cdn.dhanman.com",
    ),
]
