"""Reading NGINX's configuration, as far as rules ask: which server block answers which names, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_DEPTH = 4
_COMMENT = re.compile(r"(?m)(^|\s)#[^\n]*")
_INCLUDE = re.compile(r"\binclude\s+([^;*\s]+)\s*;")
_SERVER = re.compile(r"(?:^|[\s;{}])server\s*\{")
_CHALLENGE = re.compile(r"\blocation\s[^{]*\.well-known/acme-challenge[^{]*\{")
_ANSWERS = re.compile(r"\b(proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass|root|alias|try_files|return\s+200)\b")


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server block. ``path``: its file. ``body``: with all that it includes, without comments."""

    path: str
    body: str

    def directives(self, name: str) -> list[str]:
        """The arguments of each directive of that name."""
        return [
            " ".join(found.split())
            for found in re.findall(rf"(?:^|[\s;{{}}]){name}\s+([^;{{}}]+);", self.body)
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The public names that it answers."""
        return tuple(
            n for names in self.directives("server_name") for n in names.split() if n not in ("_", '""')
        )

    @property
    def tls(self) -> bool:
        """Whether it listens for HTTPS."""
        return any({"ssl", "quic"} & set(listen.split()) for listen in self.directives("listen"))

    @property
    def plain(self) -> bool:
        """Whether it listens for HTTP; without any ``listen`` NGINX does."""
        listens = self.directives("listen")
        return not listens or any(not {"ssl", "quic"} & set(listen.split()) for listen in listens)

    @property
    def answers(self) -> bool:
        """Whether it gives content, beside the proofs of a domain."""
        body = self.body
        while found := _CHALLENGE.search(body):
            body = body[: found.start()] + body[_end(body, found.end()) :]
        return bool(_ANSWERS.search(body))


def servers(files: Mapping[str, str]) -> Iterator[Server]:
    """The server blocks of a host. ``files``: all that units put there, by path."""
    for path, text in files.items():
        if not path.startswith("/etc/nginx/") or "/nginx/dhanman/" in path:
            continue
        content = _COMMENT.sub(" ", text)
        position = 0
        while found := _SERVER.search(content, position):
            position = _end(content, found.end())
            yield Server(path=path, body=_included(content[found.end() : position - 1], files, _DEPTH))


def _included(body: str, files: Mapping[str, str], depth: int) -> str:
    def content(found: re.Match[str]) -> str:
        text = _COMMENT.sub(" ", files.get(found[1], ""))
        return f" {_included(text, files, depth - 1)} " if depth else ""

    return _INCLUDE.sub(content, body)


def _end(text: str, start: int) -> int:
    """Where the block ends whose opening brace is just before ``start``: after its closing one."""
    depth, quote, position = 1, "", start
    while position < len(text) and depth:
        sign = text[position]
        if sign == "\\":
            position += 1
        elif quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        else:
            depth += {"{": 1, "}": -1}.get(sign, 0)
        position += 1
    return position
