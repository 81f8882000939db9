"""Asking an S3 server: requests signed with version 4 of AWS's signature, over plain HTTP on loopback.

Source: AWS, "Authenticating Requests (AWS Signature Version 4)". A module of its own: what it imports takes longer
than a whole unchanged run.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote
from xml.etree import ElementTree

REGION = "us-east-1"
SILENCE = 30.0
"""Seconds that the server may send nothing."""
_UNSIGNED = "UNSIGNED-PAYLOAD"


class S3Error(Exception):
    """The server refused. ``status``: of HTTP; ``code``: S3's word for it, such as ``AccessDenied``."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{code or status}{': ' if message else ''}{message}")
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What a successful request brought. ``headers``: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def values(self, name: str) -> list[str]:
        """The text of every element of this name, wherever it stands."""
        root = ElementTree.fromstring(self.body)
        return [element.text or "" for element in root.iter() if _plain(element) == name]

    def rows(self, name: str) -> list[dict[str, str]]:
        """Every element of this name, as its children's texts by their names."""
        root = ElementTree.fromstring(self.body)
        found = (element for element in root.iter() if _plain(element) == name)
        return [{_plain(child): child.text or "" for child in element} for element in found]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server on a port of loopback or behind a Unix ``socket``, and the key that requests are signed with."""

    access_key: str
    secret_key: str
    port: int = 0
    socket: str | None = None

    @property
    def host(self) -> str:
        """What requests name as their host."""
        return "localhost" if self.socket else f"localhost:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request and its whole answer. ``path``: not yet encoded. Raises :class:`S3Error` or ``OSError``."""
        sent = {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()} | dict(headers or {})
        connection = self._send(method, path, query or {}, body, sent)
        try:
            answer = self._answer(connection)
            return Answer(answer.status, _lower(answer), answer.read())
        finally:
            connection.close()

    def open(self, path: str) -> tuple[http.client.HTTPResponse, http.client.HTTPConnection]:
        """An object, to be read piece by piece; the caller closes the connection."""
        connection = self._send("GET", path, {}, b"", {"x-amz-content-sha256": _UNSIGNED})
        try:
            return self._answer(connection), connection
        except BaseException:
            connection.close()
            raise

    def send(
        self,
        path: str,
        body: IO[bytes] | Iterable[bytes],
        length: int,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """PUT what is read from ``body``, ``length`` bytes of it."""
        sent = {"x-amz-content-sha256": _UNSIGNED, "content-length": str(length)} | dict(headers or {})
        connection = self._send("PUT", path, query or {}, body, sent)
        try:
            answer = self._answer(connection)
            return Answer(answer.status, _lower(answer), answer.read())
        finally:
            connection.close()

    def _send(
        self, method: str, path: str, query: Mapping[str, str], body: Any, headers: Mapping[str, str]
    ) -> http.client.HTTPConnection:
        connection = _Connection(self.port, self.socket)
        place = quote(path, safe="/~")
        asked = "&".join(f"{_encoded(key)}={_encoded(value)}" for key, value in sorted(query.items()))
        signed = self._signed(method, place, asked, headers)
        try:
            connection.request(method, f"{place}?{asked}" if asked else place, body=body, headers=signed)
        except BaseException:
            connection.close()
            raise
        return connection

    def _signed(self, method: str, place: str, asked: str, headers: Mapping[str, str]) -> dict[str, str]:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
        named = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
        named |= {"host": self.host, "x-amz-date": moment}
        names = ";".join(sorted(named))
        lines = "".join(f"{name}:{named[name]}\n" for name in sorted(named))
        canonical = "\n".join((method, place, asked, lines, names, named["x-amz-content-sha256"]))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, digest))
        key = f"AWS4{self.secret_key}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.access_key}/{scope}"
        authorization = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return named | {"authorization": authorization}

    def _answer(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        try:
            answer = connection.getresponse()
        except http.client.HTTPException as error:
            raise OSError(f"the server broke off: {type(error).__name__}") from None
        if answer.status < http.client.MULTIPLE_CHOICES:
            return answer
        code, message = "", ""
        try:
            found = ElementTree.fromstring(answer.read())
            code, message = found.findtext("Code") or "", found.findtext("Message") or ""
        except ElementTree.ParseError:
            pass
        raise S3Error(answer.status, code, message)


class _Connection(http.client.HTTPConnection):
    def __init__(self, port: int, path: str | None) -> None:
        super().__init__("localhost", port or None, timeout=SILENCE)
        self._path = path

    def connect(self) -> None:
        if self._path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _plain(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _lower(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}
