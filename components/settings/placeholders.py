"""What a preview may do without, and the values that stand there meanwhile.

Only prod and qa have placeholders: their secrets, host keys and artifacts come from people and CI. A local
environment is made complete by ``make local``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.settings.problems import Path, Placeholder
from components.settings.raw import PROJECT, get, put

_ED25519 = b"ssh-ed25519"
_FAKE_KEY = b"placeholder: not a real host key"
HOST_KEY = "ssh-ed25519 " + base64.b64encode(
    b"".join(len(part).to_bytes(4, "big") + part for part in (_ED25519, _FAKE_KEY))
).decode("ascii")
PRIVATE_KEY = "\n".join(f"-----{edge} PRIVATE KEY-----" for edge in ("BEGIN", "END")).replace(
    "\n", "\nplaceholder\n"
)
SECRET = "placeholder-" + "0" * 28
SHA256 = "0" * 64
MAILBOX = "placeholder@placeholder.invalid"
WEBHOOK = "https://hooks.slack.com/services/placeholder"
B2_ENDPOINT = "https://s3.placeholder.backblazeb2.com"
B2_EXAMPLE = "https://s3.us-west-004.backblazeb2.com"
APT_KEY = "placeholder\n"
TSIG_SECRET = "cGxhY2Vob2xkZXI="
VERIFICATION = "placeholder:0"
NOWHERE = "placeholder.invalid"
VERSION = "0.0.0-placeholder"


@dataclass(frozen=True, kw_only=True)
class _Need:
    path: Path
    what: str
    stand_in: Any
    command: str


def fill(stack: str, raw: dict[str, Any]) -> tuple[Placeholder, ...]:
    """Puts a stand-in into ``raw`` for each missing value that may be missing, and says which those are."""
    needs = [need for need in _needs(stack, raw) if get(raw, need.path) in (None, {})]
    for need in needs:
        put(raw, need.path, need.stand_in)
    return tuple(Placeholder(path=need.path, what=need.what, command=need.command) for need in needs)


def fill_cloudflare(stack: str, cloudflare: dict[str, Any]) -> tuple[Placeholder, ...]:
    """As :func:`fill`, for the token of the DNS records and of a bucket at Cloudflare."""
    if cloudflare.get("apiToken"):
        return ()
    cloudflare["apiToken"] = SECRET
    command = f"pulumi config set --stack {stack} --secret cloudflare:apiToken"
    return (Placeholder(path=("cloudflare:apiToken",), what="Cloudflare's API token", command=command),)


def config_command(stack: str, path: Path, value: str, *, secret: bool = False) -> str:
    """The command that sets the value at ``path``; a secret is read from standard input."""
    keys = path[0] + "".join(
        f".{key}" if key.replace("-", "").isalnum() else f'["{key}"]' for key in path[1:]
    )
    option = "--secret " if secret else ""
    return f"pulumi config set --stack {stack} {option}--path '{PROJECT}:{keys}' {value}".strip()


def _needs(stack: str, raw: Mapping[str, Any]) -> list[_Need]:
    def need(path: Path, what: str, stand_in: Any, value: str, *, secret: bool = False) -> _Need:
        command = config_command(stack, path, value, secret=secret)
        return _Need(path=path, what=what, stand_in=stand_in, command=command)

    return [
        *_host_needs(raw, need),
        *_artifact_needs(stack, raw),
        *_object_needs(raw, need),
        *_secret_needs(stack, raw, need),
    ]


def _host_needs(raw: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    return [
        need(
            ("hosts", name, "hostKey"),
            "the host key",
            HOST_KEY,
            f'"$(make --silent host-key HOST={host.get("address", "ADDRESS")})"',
        )
        for name, host in _mappings(raw.get("hosts"))
    ]


def _artifact_needs(stack: str, raw: Mapping[str, Any]) -> list[_Need]:
    needs = []
    deployed: list[tuple[Path, str]] = [
        (("services", name), name) for name, _ in _mappings(raw.get("services"))
    ]
    if isinstance(raw.get("frontend"), Mapping):
        deployed.append((("frontend",), "frontend"))
    for path, name in deployed:
        url, digest = (*path, "artifact", "url"), (*path, "artifact", "sha256")
        needs.append(
            _Need(
                path=(*path, "version"),
                what="the version",
                stand_in=VERSION,
                command=config_command(stack, (*path, "version"), "1.4.2"),
            )
        )
        needs.append(
            _Need(
                path=(*path, "artifact"),
                what="the artifact",
                stand_in={"url": f"https://placeholder.invalid/{name}.tar.gz", "sha256": SHA256},
                command=" && ".join(
                    (config_command(stack, url, "https://..."), config_command(stack, digest, "DIGEST"))
                ),
            )
        )
    return needs


def _object_needs(raw: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    """The digests of what vendors publish: whoever downloads it compares them first."""
    programs = (("artifact", "the object storage's program"), ("client", "the object storage's client"))
    return [
        need(("objectStorage", name, "sha256"), f"the sha256 of {what}", SHA256, "DIGEST")
        for name, what in programs
        if get(raw, ("objectStorage", name, "url"))
    ]


def _secret_needs(stack: str, raw: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    needs = []
    ssh = raw.get("ssh", {})
    if isinstance(ssh, Mapping) and not any(
        ssh.get(way) for way in ("privateKey", "privateKeyFile", "agent")
    ):
        key_file = "< ~/.ssh/id_ed25519"
        needs.append(
            need(("ssh", "privateKey"), "the private key to log in with", PRIVATE_KEY, key_file, secret=True)
        )
    needs += _dns_needs(stack, raw, need)
    if get(raw, ("certificates", "acme", "challenge")) == "dns-01":
        token = ("certificates", "acme", "cloudflareToken")
        needs.append(need(token, "the token with which the host proves its names", SECRET, "", secret=True))
    bucket = get(raw, ("backup", "bucket"))
    if isinstance(bucket, Mapping):
        needs += _bucket_needs(raw, bucket, need)
    if isinstance(raw.get("qaFromProd"), Mapping):
        needs += _copy_needs(raw["qaFromProd"], need)
    alerts = raw.get("alerts")
    if isinstance(alerts, Mapping):
        needs += _alert_needs(stack, alerts, need)
    for name, service in _mappings(raw.get("services")):
        secrets = service.get("secrets")
        for key in secrets if isinstance(secrets, Mapping) else ():
            # A key without a value names a secret that the service needs.
            path = ("services", name, "secrets", str(key))
            needs.append(need(path, "the secret", SECRET, "", secret=True))
    return needs


def at_cloudflare(raw: Mapping[str, Any]) -> bool:
    """Whether the records of a stack are kept at Cloudflare."""
    dns = raw.get("dns")
    return isinstance(dns, Mapping) and dns.get("provider", "cloudflare") == "cloudflare"


def _dns_needs(stack: str, raw: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    needs = []
    if at_cloudflare(raw):
        needs.append(need(("dns", "zoneId"), "the zone's id at Cloudflare", "0" * 32, "ID"))
    if isinstance(get(raw, ("dns", "rfc2136", "key")), Mapping):
        path = ("dns", "rfc2136", "key", "secret")
        needs.append(need(path, "the secret of the key that signs updates", TSIG_SECRET, "", secret=True))
    mail = get(raw, ("dns", "mail"))
    if not isinstance(mail, Mapping):
        return needs
    if "verification" in mail:
        code = ("dns", "mail", "verification")
        needs.append(need(code, "the code that the mail relay shows", VERIFICATION, "brevo-code:CODE"))
    dkim = mail.get("dkim")
    for selector in dkim if isinstance(dkim, Mapping) else ():
        # A selector without a value names a record that the relay shows.
        record = ("dns", "mail", "dkim", str(selector))
        command = config_command(stack, (*record, "cname"), "TARGET")
        needs.append(
            _Need(path=record, what="the relay's DKIM record", stand_in={"cname": NOWHERE}, command=command)
        )
    return needs


def _bucket_needs(
    raw: Mapping[str, Any], bucket: Mapping[str, Any], need: Callable[..., _Need]
) -> list[_Need]:
    def key(what: str, *below: str) -> list[_Need]:
        path = ("backup", "bucket", *below)
        return [
            need((*path, "keyId"), f"the id of {what}", "placeholder0", "ID"),
            need((*path, "key"), what, SECRET, "", secret=True),
        ]

    kind = bucket.get("kind")
    needs = []
    own = any(bucket.get(half) for half in ("keyId", "key"))
    if kind == "r2":
        account = ("backup", "bucket", "accountId")
        needs.append(need(account, "the account's id at Cloudflare", "0" * 32, "ID"))
    if kind == "s3" or (kind == "b2" and own):
        needs += key("the bucket's key")
    admin = bucket.get("admin")
    wanted = (
        isinstance(admin, Mapping) if kind == "s3" or own else admin is None or isinstance(admin, Mapping)
    )
    if kind in ("b2", "s3") and wanted:
        needs += key("the key that makes the bucket", "admin")
    if kind == "b2" and get(raw, ("backup", "physical", "enabled")) is not False:
        endpoint = ("backup", "bucket", "endpoint")
        needs.append(need(endpoint, "the bucket's S3 endpoint", B2_ENDPOINT, B2_EXAMPLE))
    return needs


def _copy_needs(copy: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    above = ("qaFromProd", "bucket")
    needs = [
        need((*above, "keyId"), "the id of the key that reads the other bucket", "placeholder0", "ID"),
        need((*above, "key"), "the key that reads the other bucket", SECRET, "", secret=True),
        need(("qaFromProd", "passphrase"), "the passphrase of those backups", SECRET, "", secret=True),
    ]
    if get(copy, ("bucket", "kind")) == "b2":
        needs.append(need((*above, "endpoint"), "that bucket's S3 endpoint", B2_ENDPOINT, B2_EXAMPLE))
    return needs


def _alert_needs(stack: str, alerts: Mapping[str, Any], need: Callable[..., _Need]) -> list[_Need]:
    needs = []
    wanted = {way for way in ("slack", "email") if isinstance(alerts.get(way, ""), Mapping | None)}
    if "slack" in wanted:
        needs.append(
            need(("alerts", "slack", "webhookUrl"), "the URL of Slack's webhook", WEBHOOK, "", secret=True)
        )
    if "email" in wanted:
        email = ("alerts", "email")
        needs += [
            need((*email, "from"), "the sender of alerts", MAILBOX, "alerts@dhanman.com"),
            _Need(
                path=(*email, "to"),
                what="who gets alerts by e-mail",
                stand_in=[MAILBOX],
                command=f"pulumi config set --stack {stack} --path '{PROJECT}:alerts.email.to[0]' ops@dhanman.com",
            ),
            need((*email, "user"), "the login at the mail relay", "placeholder", "LOGIN"),
            need((*email, "password"), "the password at the mail relay", SECRET, "", secret=True),
        ]
    return needs


def _mappings(section: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(section, Mapping):
        return []
    return [(str(name), part) for name, part in section.items() if isinstance(part, Mapping)]
