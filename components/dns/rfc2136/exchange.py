"""Asking a DNS server what it has, and telling it what to change, both signed (RFC 2136, RFC 8945).

An update is one message: the server carries out all of it or nothing (RFC 2136, section 3.7). Its prerequisites are
what the server was found to have (section 2.4), so a change by somebody else in between makes it fail.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from components.dns.rfc2136.changes import Key, Live, Set, Work, keys, owned, work
from components.dns.rfc2136.spec import WantedZone

_TIMEOUT = 5.0
_SETTING = "dns.rfc2136"
_CHANGED = (dns.rcode.YXRRSET, dns.rcode.NXRRSET, dns.rcode.YXDOMAIN, dns.rcode.NXDOMAIN)


class ServerError(Exception):
    """The server does not do what it was asked; the text says why, and what to do."""


class Server:
    """The primary server of a zone, as it is asked with the zone's key."""

    def __init__(self, wanted: WantedZone) -> None:
        self._wanted = wanted
        self._where = f"{wanted.server} port {wanted.port}"
        name = dns.name.from_text(wanted.key_name)
        self._keys = {name: dns.tsig.Key(name, wanted.secret, f"{wanted.algorithm}.")}
        try:
            found = socket.getaddrinfo(wanted.server, wanted.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ServerError(f"{wanted.server} is not found: {error}; check {_SETTING}.server") from None
        self._address = str(found[0][4][0])

    def look(self) -> Work:
        """What would have to change. Raises :class:`ServerError`."""
        marker: Key = (self._wanted.marker, "TXT")
        ours = owned(self._wanted, self._ask([marker]))
        return work(self._wanted, self._ask(sorted(keys(self._wanted, ours))))

    def change(self, found: Work) -> None:
        """Make the changes that :meth:`look` has found, and look again. Raises :class:`ServerError`."""
        update = dns.update.UpdateMessage(self._wanted.zone)
        for (name, kind), before in found.before.items():
            absolute = dns.name.from_text(name)
            if before is None:
                update.absent(absolute, kind)
            else:
                # with a value a prerequisite has no TTL (RFC 2136, section 2.4.2)
                update.present(absolute, Set(0, before.records).rdataset(kind))
        for name in found.unused:
            update.absent(dns.name.from_text(name))
        for name, kind in found.after:
            update.delete(dns.name.from_text(name), kind)
        # after all that goes: an alias beside anything else would be ignored
        for (name, kind), after in found.after.items():
            if after is not None:
                update.add(dns.name.from_text(name), after.rdataset(kind))
        answer = self._exchange(update)
        rcode = answer.rcode()
        if rcode in _CHANGED:
            raise ServerError(f"{self._where} has changed meanwhile ({dns.rcode.to_text(rcode)}): run again")
        self._accept(answer, "an update")
        if left := self.look().told:
            raise ServerError(f"{self._where} says yes to an update and has not made it: {'; '.join(left)}")

    def _ask(self, wanted: Iterable[Key]) -> Live:
        live: dict[Key, Set] = {}
        for name, kind in wanted:
            absolute = dns.name.from_text(name)
            query = dns.message.make_query(absolute, kind)
            query.flags &= ~dns.flags.RD
            answer = self._exchange(query)
            if answer.rcode() != dns.rcode.NXDOMAIN:
                self._accept(answer, f"what is at {name}")
            if not answer.flags & dns.flags.AA:
                text = f"{self._where} does not answer for the zone {self._wanted.zone} itself"
                raise ServerError(f"{text}; name its primary server in {_SETTING}.server")
            found = answer.get_rrset(
                dns.message.ANSWER, absolute, dns.rdataclass.IN, dns.rdatatype.from_text(kind)
            )
            if found:
                live[name, kind] = Set(found.ttl, frozenset(found))
        return live

    def _exchange(self, message: dns.message.Message) -> dns.message.Message:
        message.use_tsig(self._keys)
        try:
            return dns.query.tcp(message, self._address, timeout=_TIMEOUT, port=self._wanted.port)
        except (
            dns.tsig.PeerError,
            dns.tsig.BadSignature,
            dns.tsig.BadKey,
            dns.message.UnknownTSIGKey,
        ) as error:
            text = f"{self._where} does not take the key {self._wanted.key_name}: {_words(error)}"
            raise ServerError(
                f"{text}; check {_SETTING}.key (name, algorithm, secret) and both clocks"
            ) from None
        except dns.exception.Timeout:
            text = f"{self._where} does not answer within {_TIMEOUT:.0f} s"
            raise ServerError(f"{text}; check {_SETTING} and the network") from None
        except (OSError, EOFError, dns.exception.DNSException) as error:
            raise ServerError(f"{self._where}: {_words(error)}; check {_SETTING} and the network") from None

    def _accept(self, answer: dns.message.Message, what: str) -> None:
        rcode = answer.rcode()
        if rcode == dns.rcode.NOERROR:
            return
        hints = {
            dns.rcode.REFUSED: f"let the key {self._wanted.key_name} read and update the zone there",
            dns.rcode.NOTAUTH: f"check {_SETTING} and dns.zone: it is not the primary server of {self._wanted.zone}",
            dns.rcode.NOTZONE: "check dns.zone",
        }
        hint = hints.get(rcode, "its log says why")
        raise ServerError(f"{self._where} was asked for {what}: {dns.rcode.to_text(rcode)}; {hint}")


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
