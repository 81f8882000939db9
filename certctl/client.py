"""Asking an ACME server for one certificate, through certbot: our key and request, its account and protocol.

certbot gets a signing request (``--csr``) and gives back a chain. It keeps no certificates of its own then, so nothing
that it or anybody else does changes what NGINX reads.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from certctl import keys, protocol, x509
from certctl.config import Config
from certctl.errors import Failure, Limited
from certctl.shelf import Shelf
from certctl.tools import ENVIRONMENT, last_words, run
from certctl.verdicts import ACME

LIMIT = 600.0
"""Seconds that one certificate may take; certbot itself gives up on proofs and on signing after 90."""
LOG = "certbot.log"
SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_NEXT = "correct the cause; then dhanman-certificates renew, or wait for the timer"


def obtain(config: Config, name: str) -> Path:
    """A new version of the certificate ``name``, checked and complete, but not served yet.

    Raises :class:`Limited` if the server wants patience, :class:`Failure` for everything else.
    """
    try:
        return _obtain(config, name)
    except _Unknown:
        # a server that lost its accounts (a test server does when it starts) is not to be asked with the old one
        _forget_account(config)
        return _obtain(config, name)


def has_account(config: Config) -> bool:
    """Whether there is an account at the configured server."""
    return any(_account(config).glob("**/regr.json"))


class _Unknown(Failure):
    """The server does not know the account."""


def _obtain(config: Config, name: str) -> Path:
    shelf, domains = Shelf(config.root), config.certificates[name]
    folder = shelf.draft(name)
    try:
        request = keys.request(folder, domains, config.key_type)
        with tempfile.TemporaryDirectory(prefix="dhanman-acme-") as scratch:
            _ask(config, domains[0], request, folder, Path(scratch))
        request.unlink()
        x509.refuse_unusable(folder, domains, time.time())
        shelf.complete(folder, {"from": ACME, "directory": config.directory, "key_type": config.key_type})
    except BaseException:
        keys.drop(folder)
        raise
    return folder


def _ask(config: Config, domain: str, request: Path, folder: Path, scratch: Path) -> None:
    environment = {"CLOUDFLARE_API_URL": config.cloudflare_url} if config.cloudflare_url else {}
    if config.authority:
        # beside the host's own authorities, since the provider of DNS is asked as well
        bundle = scratch / "authorities.pem"
        others = SYSTEM_AUTHORITIES.read_text() if SYSTEM_AUTHORITIES.exists() else ""
        bundle.write_text(others + config.authority.read_text())
        environment["REQUESTS_CA_BUNDLE"] = str(bundle)
    done = run(
        *arguments(config, request, folder, scratch),
        check=False, limit=LIMIT, environment=ENVIRONMENT | environment, next_step=_NEXT,
    )  # fmt: skip
    log = scratch / "letsencrypt.log"
    heard = log.read_text(errors="replace") if log.exists() else ""
    if heard:
        config.state.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copyfile(log, config.state / LOG)
        (config.state / LOG).chmod(0o600)
    if done.returncode != 0 or not (folder / "fullchain.pem").is_file():
        raise _failure(config, domain, heard, last_words(done.stdout + "\n" + done.stderr))
    (folder / "fullchain.pem").chmod(0o600)


def arguments(config: Config, request: Path, folder: Path, scratch: Path) -> list[str]:
    """certbot's command for one request, without questions to anybody."""
    if config.challenge == "dns-01":
        proof = ["--dns-cloudflare", "--dns-cloudflare-credentials", str(config.credentials)]
    else:
        proof = ["--webroot", "--webroot-path", str(config.webroot)]
    who = (
        ["--email", config.email, "--no-eff-email"] if config.email else ["--register-unsafely-without-email"]
    )
    return [
        "certbot", "certonly", "--non-interactive", "--agree-tos", *who, "--server", config.directory,
        "--config-dir", str(config.root / "certbot"), "--work-dir", str(scratch), "--logs-dir", str(scratch),
        *proof, "--csr", str(request), "--fullchain-path", str(folder / "fullchain.pem"),
        "--cert-path", str(scratch / "cert.pem"), "--chain-path", str(scratch / "chain.pem"),
    ]  # fmt: skip


def _failure(config: Config, domain: str, heard: str, words: str) -> Failure:
    found = protocol.problems(heard)
    if any(problem.kind == "accountDoesNotExist" for problem in found):
        return _Unknown(found[-1].text, _NEXT)
    where = urlsplit(config.directory).hostname
    untils = [problem.until for problem in found if problem.until is not None]
    text = "; ".join(p.text if p.domain else f"{domain}: {p.text}" for p in found)
    if untils:
        until = max(untils)
        return Limited(
            f"{text}; {where} is not asked again before {x509.clock(until)}",
            "nothing: the timer asks again then; a setting that asks for fewer certificates helps (onePerName)",
            until,
        )
    if found:
        return Failure(text, _NEXT)
    if said := protocol.own_words(heard):
        return Failure(f"{domain}: no certificate from {where}: {'; '.join(said)}", _NEXT)
    return Failure(f"{domain}: no certificate from {where}", _NEXT, words)


def _account(config: Config) -> Path:
    return config.root / "certbot" / "accounts" / urlsplit(config.directory).netloc


def _forget_account(config: Config) -> None:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = config.root / "certbot" / "accounts-unknown" / stamp
    aside.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _account(config).exists():
        shutil.move(_account(config), aside)
