"""A certificate from a CA that lives on this host alone."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hostctl.kinds.base import Kind, Phase, State
from hostctl.kinds.paths import make_parents, observe_path, restore_path, write_file
from hostctl.run import run

CA_DAYS = 3650
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]


class LocalCertificate(Kind):
    """``{directory}/{domain}/fullchain.pem`` and ``privkey.pem``, signed by ``{directory}/ca.crt``."""

    name = "local_certificate"
    phase = Phase.RELEASES

    @property
    def key(self) -> str:
        """The domain."""
        return str(self.wanted["domain"])

    @property
    def _root(self) -> Path:
        return Path(self.wanted["directory"])

    @property
    def _chain(self) -> Path:
        return self._root / self.key / "fullchain.pem"

    @property
    def _private(self) -> Path:
        return self._root / self.key / "privkey.pem"

    def observe(self) -> State | None:
        """Both files, and whether the certificate is good for long enough."""
        return {
            "chain": observe_path(self._chain, content=True),
            "private": observe_path(self._private, content=True),
            "good": self._is_good(),
        }

    def _is_good(self) -> bool:
        if not (self._chain.is_file() and self._private.is_file() and (self._root / "ca.crt").is_file()):
            return False
        # one call for signature, name and time: would it still be good on the day before which it is renewed?
        day = int(time.time()) + int(self.wanted["renew_days"]) * 86400
        argv = ["openssl", "verify", "-CAfile", str(self._root / "ca.crt"), "-attime", str(day),
                "-verify_hostname", self.key, str(self._chain)]  # fmt: skip
        return run(argv, check=False).returncode == 0

    def differs(self, state: State | None) -> list[str]:
        """Missing, nearly expired, or for another name."""
        assert state is not None
        if state["chain"]["type"] == "absent":
            return ["missing"]
        return [] if state["good"] else ["expires soon, or is not for this name and CA"]

    def calls_for(self, state: State | None) -> list[str]:
        """Nothing for the first one: no site serves it yet, and one that names it might refuse a reload."""
        return [] if state and state["chain"]["type"] == "absent" else self.notify

    def apply(self, state: State | None) -> None:
        """Make the CA where there is none, then a new key and certificate."""
        assert state is not None
        self._make_ca()
        with TemporaryDirectory(dir=self._root) as scratch:
            key, request, extensions, leaf = (Path(scratch) / n for n in ("key", "csr", "ext", "crt"))
            run(
                ["openssl", "req", *EC, "-keyout", str(key), "-out", str(request), "-subj", f"/CN={self.key}"]
            )
            extensions.write_text(
                f"subjectAltName=DNS:{self.key}\nbasicConstraints=critical,CA:FALSE\n"
                "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
            )
            run(
                ["openssl", "x509", "-req", "-in", str(request), "-CA", str(self._root / "ca.crt"),
                 "-CAkey", str(self._root / "ca.key"), "-CAcreateserial", "-days", str(self.wanted["days"]),
                 "-extfile", str(extensions), "-out", str(leaf)],
            )  # fmt: skip
            chain = leaf.read_bytes() + (self._root / "ca.crt").read_bytes()
            write_file(self._private, key.read_bytes(), mode="0600", owner="root", group="root")
            write_file(self._chain, chain, mode="0644", owner="root", group="root")

    def _make_ca(self) -> None:
        if (self._root / "ca.crt").is_file():
            return
        make_parents(self._root / "ca.crt")
        with TemporaryDirectory(dir=self._root) as scratch:
            key, certificate = Path(scratch) / "key", Path(scratch) / "crt"
            run(
                ["openssl", "req", "-x509", *EC, "-keyout", str(key), "-out", str(certificate), "-days", str(CA_DAYS),
                 "-subj", "/CN=Dhanman local CA", "-addext", "basicConstraints=critical,CA:TRUE,pathlen:0",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
            )  # fmt: skip
            write_file(self._root / "ca.key", key.read_bytes(), mode="0600", owner="root", group="root")
            write_file(
                self._root / "ca.crt", certificate.read_bytes(), mode="0644", owner="root", group="root"
            )

    def restore(self, state: State) -> None:
        """Bring both files back; the CA goes with its last certificate."""
        restore_path(self._chain, state["chain"])
        restore_path(self._private, state["private"])
        if state["chain"]["type"] == "absent" and not list(self._root.glob("*/fullchain.pem")):
            for name in ("ca.crt", "ca.key", "ca.srl"):
                (self._root / name).unlink(missing_ok=True)
            for directory in (self._root / self.key, self._root):
                if directory.is_dir() and not any(directory.iterdir()):
                    directory.rmdir()

    def foreign(self, state: State) -> bool:
        """A certificate in our directory that we did not make."""
        return bool(state["chain"]["type"] != "absent")

    def record(self) -> dict[str, Any]:
        """Without the actions: when it goes, its site does so later in the same run, and reloads then."""
        return {k: v for k, v in super().record().items() if k != "notify"}
