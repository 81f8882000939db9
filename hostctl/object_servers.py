"""The object storage of a host: buckets as every S3 server has them, keys and rights as each server has its own.

Source: versitygw's wiki ("Admin APIs", "Bucket policies"); MinIO's documentation ("mc admin user", "mc admin policy").
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hostctl.errors import HostError
from hostctl.kinds.paths import write_file
from hostctl.run import run

if TYPE_CHECKING:
    from hostctl.s3 import Server

NO_ANSWER = "the object storage does not answer"
LOOK = "on the host: systemctl status 'dhanman-object-storage-*'"
ENABLED = "Enabled"
ON_BUCKET = (
    "s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketMultipartUploads",
)  # fmt: skip
ON_OBJECTS = (
    "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
)  # fmt: skip
"""What a service may do. Former versions are not its to read or to remove: they are there for its mistakes."""
ON_VERSIONS = ("s3:DeleteObjectVersion",)
"""MinIO takes it for granted with that on objects, unless it is denied. Without reading them no object is read."""
_FALSE_KEY = ("SignatureDoesNotMatch", "InvalidAccessKeyId")

Policy = dict[str, Any]


def policy(bucket: str, access_key: str | None) -> Policy:
    """What a service may do with its bucket. ``access_key``: whom a policy of the bucket itself names."""
    principal = {"Principal": {"AWS": [access_key]}} if access_key else {}
    places = {ON_BUCKET: f"arn:aws:s3:::{bucket}", ON_OBJECTS: f"arn:aws:s3:::{bucket}/*"}
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": [place]} | principal
        for actions, place in places.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def same(found: Policy | None, wanted: Policy) -> bool:
    """Whether two policies say the same, in whatever order."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in sorted(value.items()) if key not in ("Sid", "ID", "Id")}
        if isinstance(value, list):
            return sorted((plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
        return value

    return found is not None and plain(found) == plain(wanted)


def digest(secret: str) -> str:
    """What is remembered of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ObjectServer:
    """A server as a unit describes it.

    ``kind``; ``port`` of S3; ``credentials``: file of its root key (``NAME=value``); ``data``: its folder; for
    versitygw ``admin``: the Unix socket of its administration; for MinIO ``client``: its own, with ``client_config``.
    """

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.described = described

    @property
    def is_made(self) -> bool:
        """Whether there is any data: without it there are neither keys nor buckets."""
        return Path(str(self.described["data"])).is_dir()

    def _root_key(self) -> tuple[str, str]:
        try:
            lines = Path(str(self.described["credentials"])).read_text().splitlines()
        except FileNotFoundError:
            raise HostError(NO_ANSWER, hint=LOOK) from None
        pairs = dict(line.split("=", 1) for line in lines if "=" in line)
        user = pairs.get("ROOT_ACCESS_KEY") or pairs.get("MINIO_ROOT_USER", "")
        return user, pairs.get("ROOT_SECRET_KEY") or pairs.get("MINIO_ROOT_PASSWORD", "")

    def client(self) -> Server:
        """S3, as its administrator."""
        from hostctl.s3 import Server

        user, secret = self._root_key()
        return Server(port=int(self.described["port"]), access_key=user, secret_key=secret)

    def accepts(self, access_key: str, secret: str) -> bool:
        """Whether the server knows this key; what it may do is another question."""
        from hostctl.s3 import S3Error, Server

        try:
            Server(port=int(self.described["port"]), access_key=access_key, secret_key=secret).ask("GET", "/")
        except S3Error as error:
            return error.code not in _FALSE_KEY
        return True

    def keys(self) -> dict[str, str | None]:
        """Every key with its secret, or with None where the server does not tell."""
        raise NotImplementedError

    def put_key(self, access_key: str, secret: str) -> None:
        """Make a key, or give it another secret."""
        raise NotImplementedError

    def delete_key(self, access_key: str) -> None:
        """Refuse the key from now on."""
        raise NotImplementedError

    def granted(self, bucket: str, access_key: str) -> Policy | None:
        """What the key may do with the bucket."""
        raise NotImplementedError

    def wanted(self, bucket: str, access_key: str) -> Policy:
        """What it is to be allowed."""
        raise NotImplementedError

    def grant(self, bucket: str, access_key: str, rights: Policy) -> None:
        """Allow exactly this."""
        raise NotImplementedError

    def revoke(self, bucket: str, access_key: str) -> None:
        """Allow nothing any more."""
        raise NotImplementedError


class Versitygw(ObjectServer):
    """versitygw: keys through its administration, behind a Unix socket; rights as policies of the buckets."""

    def _administer(self, verb: str, query: Mapping[str, str] | None = None, body: str = "") -> Any:
        from hostctl.s3 import Server

        user, secret = self._root_key()
        server = Server(socket=str(self.described["admin"]), access_key=user, secret_key=secret)
        return server.ask("PATCH", f"/{verb}", query, body.encode())

    def keys(self) -> dict[str, str | None]:
        """As the administration lists them; it tells the secrets."""
        answer = self._administer("list-users")
        return dict(zip(answer.values("Access"), answer.values("Secret"), strict=True))

    def put_key(self, access_key: str, secret: str) -> None:
        """A user without any right of its own."""
        from xml.sax.saxutils import escape

        if access_key in self.keys():
            body = f"<MutableProps><Secret>{escape(secret)}</Secret></MutableProps>"
            self._administer("update-user", {"access": access_key}, body)
            return
        parts = {"Access": access_key, "Secret": secret, "Role": "user"}
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())
        self._administer("create-user", body=f"<Account>{inner}</Account>")

    def delete_key(self, access_key: str) -> None:
        """Delete the user."""
        self._administer("delete-user", {"access": access_key})

    def granted(self, bucket: str, access_key: str) -> Policy | None:
        """The bucket's policy."""
        from hostctl.s3 import S3Error

        try:
            found: Policy = json.loads(self.client().ask("GET", f"/{bucket}", {"policy": ""}).body)
        except S3Error as error:
            if error.code == "NoSuchBucketPolicy":
                return None
            raise
        return found

    def wanted(self, bucket: str, access_key: str) -> Policy:
        """A policy that names the key."""
        return policy(bucket, access_key)

    def grant(self, bucket: str, access_key: str, rights: Policy) -> None:
        """Replace the bucket's policy."""
        self.client().ask("PUT", f"/{bucket}", {"policy": ""}, json.dumps(rights).encode())

    def revoke(self, bucket: str, access_key: str) -> None:
        """Remove it."""
        self.client().ask("DELETE", f"/{bucket}", {"policy": ""})


class Minio(ObjectServer):
    """MinIO: keys and rights through its own client, which alone speaks its encrypted administration."""

    ALIAS = "dhanman"

    def _administer(self, *words: str, stdin: str = "", check: bool = True) -> list[dict[str, Any]]:
        client, config = str(self.described["client"]), Path(str(self.described["client_config"]))
        # the client makes folders and files beside its configuration, which nobody would remove
        with tempfile.TemporaryDirectory() as scratch:
            shutil.copy(config / "config.json", scratch)
            argv = [client, "--config-dir", scratch, "--json", "admin", *words]
            done = run(argv, stdin=stdin, check=False, timeout=60)
        if done.returncode != 0:
            if check:
                raise OSError(f"mc admin {' '.join(words[:2])}: exit status {done.returncode}")
            return []
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def keys(self) -> dict[str, str | None]:
        """The users; MinIO keeps their secrets to itself."""
        return dict.fromkeys(
            u["accessKey"] for u in self._administer("user", "list", self.ALIAS) if "accessKey" in u
        )

    def put_key(self, access_key: str, secret: str) -> None:
        """Both through stdin: a command line is read by everybody."""
        self._administer("user", "add", self.ALIAS, stdin=f"{access_key}\n{secret}\n")

    def delete_key(self, access_key: str) -> None:
        """Remove the user."""
        self._administer("user", "remove", self.ALIAS, access_key)

    def granted(self, bucket: str, access_key: str) -> Policy | None:
        """The policy that is named after the bucket, if the user has it and no other."""
        users = self._administer("user", "info", self.ALIAS, access_key, check=False)
        if not users or users[0].get("policyName") != bucket:
            return None
        found = self._administer("policy", "info", self.ALIAS, bucket, check=False)
        return (found[0].get("policyInfo") or {}).get("Policy") if found else None

    def wanted(self, bucket: str, access_key: str) -> Policy:
        """A policy that the user gets; it also denies what MinIO allows beside it."""
        rights = policy(bucket, None)
        denied = {
            "Effect": "Deny",
            "Action": list(ON_VERSIONS),
            "Resource": [f"arn:aws:s3:::{bucket}/*"],
        }
        return rights | {"Statement": [*rights["Statement"], denied]}

    def grant(self, bucket: str, access_key: str, rights: Policy) -> None:
        """Make or replace the policy, and give it to the user in place of what it had."""
        with tempfile.TemporaryDirectory(prefix="dhanman-") as folder:
            file = Path(folder) / "policy.json"
            write_file(file, json.dumps(rights).encode(), mode="0600", owner="root", group="root")
            self._administer("policy", "create", self.ALIAS, bucket, str(file))
        self._detach(access_key, but=bucket)
        users = self._administer("user", "info", self.ALIAS, access_key)
        if users[0].get("policyName") != bucket:
            self._administer("policy", "attach", self.ALIAS, bucket, "--user", access_key)

    def _detach(self, access_key: str, but: str = "") -> None:
        users = self._administer("user", "info", self.ALIAS, access_key, check=False)
        for name in (users[0].get("policyName") or "").split(",") if users else ():
            if name and name != but:
                self._administer("policy", "detach", self.ALIAS, name, "--user", access_key)

    def revoke(self, bucket: str, access_key: str) -> None:
        """Take the policy away from the user, and remove it."""
        self._detach(access_key)
        with contextlib.suppress(OSError):
            self._administer("policy", "remove", self.ALIAS, bucket)


KINDS: dict[str, type[ObjectServer]] = {"versitygw": Versitygw, "minio": Minio}


def server(described: Mapping[str, Any]) -> ObjectServer:
    """The server that a unit describes."""
    return KINDS[described["kind"]](described)
