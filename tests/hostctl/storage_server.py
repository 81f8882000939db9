"""An S3 server in memory, with versitygw's administration on a Unix socket: enough to be asked what hostctl asks."""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree

from hostctl.s3 import Server

ROOT = ("root-of-objects", "not-a-real-root-secret")


@dataclass
class Storage:
    """What the server holds. ``objects``: of each bucket, a list of (key, version, body), the newest last."""

    port: int = 0
    socket: str = ""
    users: dict[str, str] = field(default_factory=dict)
    objects: dict[str, list[tuple[str, str, bytes]]] = field(default_factory=dict)
    versioning: dict[str, str] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    def secret_of(self, access_key: str) -> str | None:
        return ROOT[1] if access_key == ROOT[0] else self.users.get(access_key)


class _Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class _Handler(http.server.BaseHTTPRequestHandler):
    storage: Storage
    administers: bool

    def _any(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        try:
            user = self._user(url.path, url.query)
            self.storage.asked.append(f"{self.command} {unquote(url.path)} {' '.join(query)}".strip())
            if f"{self.command} {' '.join(query)}".strip() in self.storage.refuses:
                raise _Refused(500, "InternalError")
            if self.administers:
                answer = self._administer(url.path[1:], query, body)
            else:
                answer = self._serve(user, unquote(url.path)[1:], query, body)
            self._answer(200, answer)
        except _Refused as error:
            self._answer(error.status, f"<Error><Code>{error.code}</Code></Error>".encode())

    do_GET = do_PUT = do_DELETE = do_PATCH = _any

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # who has seen the status may not want the words
        with suppress(BrokenPipeError):
            self.wfile.write(body)

    def _user(self, place: str, asked: str) -> str:
        sent = self.headers["Authorization"]
        found = re.search(r"Credential=([^/]+)/.*SignedHeaders=([^,]+),", sent)
        assert found
        secret = self.storage.secret_of(found[1])
        if secret is None:
            raise _Refused(403, "InvalidAccessKeyId")
        names = [name for name in found[2].split(";") if name not in ("host", "x-amz-date")]
        at = time.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        own = Server(
            access_key=found[1],
            secret_key=secret,
            port=self.storage.port,
            socket=self.storage.socket if self.administers else None,
        )
        with mock.patch("hostctl.s3.time.gmtime", return_value=at):
            signed = own._signed(self.command, place, asked, {name: self.headers[name] for name in names})
        if signed["authorization"] != sent:
            raise _Refused(403, "SignatureDoesNotMatch")
        return found[1]

    def _administer(self, verb: str, query: dict[str, str], body: bytes) -> bytes:
        users = self.storage.users
        if verb == "list-users":
            rows = "".join(
                f"<Accounts><Access>{u}</Access><Secret>{s}</Secret></Accounts>" for u, s in users.items()
            )
            return f"<List>{rows}</List>".encode()
        if verb == "delete-user":
            users.pop(query["access"], None)
            return b""
        given = ElementTree.fromstring(body)
        name = query.get("access") or given.findtext("Access") or ""
        if verb == "create-user" and name in users:
            raise _Refused(409, "XAdminUserExists")
        users[name] = given.findtext("Secret") or ""
        return b""

    def _serve(self, user: str, path: str, query: dict[str, str], body: bytes) -> bytes:
        storage, (bucket, _, key) = self.storage, path.partition("/")
        if not bucket:
            names = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in storage.objects)
            return f"<All>{names}</All>".encode()
        if user != ROOT[0]:
            raise _Refused(403, "AccessDenied")
        if "versioning" in query:
            if self.command == "PUT":
                storage.versioning[bucket] = ElementTree.fromstring(body)[0].text or ""
            return f"<V><Status>{storage.versioning.get(bucket, '')}</Status></V>".encode()
        if "policy" in query:
            if self.command == "PUT":
                storage.policies[bucket] = json.loads(body)
            elif self.command == "DELETE":
                storage.policies.pop(bucket, None)
            elif bucket not in storage.policies:
                raise _Refused(404, "NoSuchBucketPolicy")
            return json.dumps(storage.policies.get(bucket)).encode()
        if "versions" in query:
            rows = "".join(
                f"<Version><Key>{key}</Key><VersionId>{version}</VersionId></Version>"
                for key, version, _ in storage.objects[bucket]
            )
            return f"<L>{rows}</L>".encode()
        if key:
            rows_left = [r for r in storage.objects[bucket] if (r[0], r[1]) != (key, query["versionId"])]
            storage.objects[bucket] = rows_left
        elif self.command == "PUT":
            storage.objects[bucket] = []
        elif storage.objects[bucket]:
            raise _Refused(409, "BucketNotEmpty")
        else:
            del storage.objects[bucket]
        return b""

    def address_string(self) -> str:
        return "test"

    def log_message(self, *_: object) -> None:
        """Say nothing: the test asks ``asked``."""


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextmanager
def storage_server(folder: Path) -> Iterator[Storage]:
    """Serve until the block ends."""
    storage = Storage(socket=str(folder / "admin.sock"))
    handlers = [
        type("Handler", (_Handler,), {"storage": storage, "administers": administers})
        for administers in (False, True)
    ]
    with (
        http.server.ThreadingHTTPServer(("localhost", 0), handlers[0]) as s3,
        _UnixServer(storage.socket, handlers[1]) as administration,
    ):
        storage.port = s3.server_address[1]
        threads = [
            threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
            for one in (s3, administration)
        ]
        for thread in threads:
            thread.start()
        yield storage
        for one in (s3, administration):
            one.shutdown()
        for thread in threads:
            thread.join()
