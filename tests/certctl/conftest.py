"""A configuration in ``tmp_path``, a certbot that signs with a CA of its own, and an NGINX that only answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from certctl import gateway, reachable, tools, x509
from certctl.config import Config
from certctl.errors import Failure
from certctl.shelf import Shelf

DIRECTORY = "https://acme.example/directory"
LOGS = Path(__file__).with_name("logs")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(
        environment="qa",
        certificates={"a.example": ("a.example",), "b.example": ("b.example",)},
        root=tmp_path / "acme",
        state=tmp_path / "state",
        directory=DIRECTORY,
        authority=None,
        challenge="http-01",
        webroot=tmp_path / "webroot",
        credentials=None,
        cloudflare_url=None,
        email=None,
        key_type="ecdsa",
        renew_before=None,
        alert_before=None,
        addresses=("192.0.2.10",),
        dns_timeout=0,
        resolvers=(),
        existing=tmp_path / "letsencrypt",
    )


_CERTBOT = """#!/usr/bin/python3 -I
import json, os, subprocess, sys, pathlib
folder = pathlib.Path({folder!r})
words = sys.argv[1:]
value = lambda name: words[words.index(name) + 1]
with open(folder / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
plan = json.loads((folder / "plan").read_text())
step = plan.pop(0) if plan else {{}}
(folder / "plan").write_text(json.dumps(plan))
if "log" in step:
    pathlib.Path(value("--logs-dir"), "letsencrypt.log").write_text(step["log"])
accounts = pathlib.Path(value("--config-dir"), "accounts", "acme.example", "directory", "1")
if step.get("account", True):
    accounts.mkdir(parents=True, exist_ok=True)
    (accounts / "regr.json").write_text("{{}}")
if step.get("fails"):
    print("certbot can't", file=sys.stderr)
    sys.exit(1)
days = str(step.get("days", 90))
request = folder / "other.pem" if step.get("other_key") else pathlib.Path(value("--csr"))
if step.get("other_key"):
    names = subprocess.run(["openssl", "req", "-in", value("--csr"), "-noout", "-text"], capture_output=True, text=True)
    name = names.stdout.split("DNS:")[1].split()[0]
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc",
                    "-keyout", folder / "other.key", "-out", request, "-subj", "/", "-addext",
                    "subjectAltName=DNS:" + name], check=True, capture_output=True)
leaf = subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key",
                       "-CAcreateserial", "-days", days, "-copy_extensions", "copy"], check=True, capture_output=True)
pathlib.Path(value("--fullchain-path")).write_bytes(leaf.stdout + (folder / "ca.crt").read_bytes())
"""


@dataclass
class Certbot:
    """``plan``: for one call after the other, what it does other than to issue: ``fails``, ``log``, ``days``, ..."""

    folder: Path

    def plan(self, *steps: dict[str, object]) -> None:
        (self.folder / "plan").write_text(json.dumps(steps))

    @property
    def calls(self) -> list[list[str]]:
        known = self.folder / "calls"
        return [json.loads(line) for line in known.read_text().splitlines()] if known.exists() else []


@pytest.fixture
def certbot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certbot:
    made = Certbot(tmp_path / "certbot")
    made.folder.mkdir()
    program = made.folder / "certbot"
    program.write_text(_CERTBOT.format(folder=str(made.folder)))
    program.chmod(0o755)
    made.plan()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "100",
         "-subj", "/CN=CA of the tests", "-keyout", made.folder / "ca.key", "-out", made.folder / "ca.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setitem(tools.ENVIRONMENT, "PATH", f"{made.folder}:{tools.ENVIRONMENT['PATH']}")
    return made


@dataclass
class Nginx:
    """What it was asked, and what it shows. ``reads``: whether a reload makes it show what is there then."""

    shelf: Shelf
    config: Config
    running: bool = True
    refuses: bool = False
    reads: bool = True
    reloads: int = 0
    shown: dict[str, str] = field(default_factory=dict)

    def reload(self) -> None:
        self.reloads += 1
        if self.reads:
            self.read()

    def read(self) -> None:
        for name, domains in self.config.certificates.items():
            folder = self.shelf.served(name)
            if folder is None:
                continue
            found = x509.read(folder / "fullchain.pem")
            self.shown |= {domain: found.fingerprint for domain in domains}

    def accepts(self) -> None:
        if self.refuses:
            raise Failure("/usr/sbin/nginx -t -q: exit status 1", "nginx -t", "unknown directive")


@pytest.fixture
def nginx(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nginx]:
    made = Nginx(Shelf(config.root), config)
    monkeypatch.setattr(gateway, "accepts", made.accepts)
    monkeypatch.setattr(gateway, "runs", lambda: made.running)
    monkeypatch.setattr(gateway, "reload", made.reload)
    monkeypatch.setattr(gateway, "served", made.shown.get)
    monkeypatch.setattr(gateway, "LIMIT", 0.1)
    monkeypatch.setattr(reachable, "own_addresses", set)
    yield made


def one(config: Config) -> Config:
    """The configuration with its first certificate alone."""
    return replace(config, certificates={"a.example": ("a.example",)})


def put(config: Config, name: str, *, days: int, origin: dict[str, str], begins: int = 0) -> Path:
    """Serve a self-signed certificate that ends in so many days; ``begins``: days from now, 0 or less."""
    shelf = Shelf(config.root)
    folder = shelf.draft(name)
    alternatives = ",".join(f"DNS:{domain}" for domain in config.certificates[name])
    stamp = "%Y%m%d%H%M%SZ"
    start, end = (time.strftime(stamp, time.gmtime(time.time() + d * 86400)) for d in (begins, days))
    for words in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", "privkey.pem",
         "-out", "csr", "-subj", "/", "-addext", f"subjectAltName={alternatives}"],
        ["ca", "-batch", "-selfsign", "-config", "ca.cnf", "-in", "csr", "-out", "fullchain.pem", "-keyfile",
         "privkey.pem", "-startdate", start, "-enddate", end, "-notext"],
    ):  # fmt: skip
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=x\n[x]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n"
            "copy_extensions=copy\nunique_subject=no\n[any]\ncommonName=optional\n"
        )
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    for path in folder.iterdir():
        if path.name not in ("fullchain.pem", "privkey.pem"):
            path.unlink()
    shelf.complete(folder, origin)
    shelf.serve(name, folder)
    return folder


OURS = {"from": "acme", "directory": DIRECTORY, "key_type": "ecdsa"}
