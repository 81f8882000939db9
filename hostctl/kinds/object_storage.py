"""What services have in the object storage: a bucket of their own, and a key that opens this one alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hostctl.errors import HostError, StillNeeded
from hostctl.kinds.base import Kind, Phase, State
from hostctl.object_servers import ENABLED, LOOK, NO_ANSWER, ObjectServer, digest, same, server
from hostctl.report import progress

_VERSIONING = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>{}</Status></VersioningConfiguration>'
_EMPTY = "BucketNotEmpty"


class _InObjectStorage(Kind):
    phase = Phase.DATA

    def __init__(self, wanted: dict[str, Any]) -> None:
        super().__init__(wanted)
        self._server: ObjectServer = server(wanted["server"])

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """What the server refuses becomes an error that people can read."""
        from hostctl.s3 import S3Error

        try:
            yield
        except S3Error as error:
            raise HostError(f"{self.id}: the object storage refuses: {error}", hint=LOOK) from None
        except OSError as error:
            raise HostError(f"{self.id}: {NO_ANSWER}", details=f"    {error}", hint=LOOK) from None

    def observe(self) -> State | None:
        """None while the server does not answer; where there is no data yet, nothing is there."""
        from hostctl.s3 import S3Error

        if not self._server.is_made:
            return self._absent()
        try:
            return self._look()
        except (S3Error, OSError, HostError):
            return None

    def _absent(self) -> State:
        raise NotImplementedError

    def _look(self) -> State:
        raise NotImplementedError


class ObjectKey(_InObjectStorage):
    """A key pair: its name is the access key; it may do nothing but what a bucket allows it."""

    name = "object_key"

    def _absent(self) -> State:
        return {"present": False, "secret": None, "accepted": False}

    def _look(self) -> State:
        keys = self._server.keys()
        secret = keys.get(self.key)
        wanted = self.wanted.get("password")
        accepted = self.key in keys and (not wanted or self._server.accepts(self.key, wanted))
        return {"present": self.key in keys, "secret": secret, "accepted": accepted}

    def differs(self, state: State | None) -> list[str]:
        """Missing, or with another secret."""
        if state is None:
            return [NO_ANSWER]
        if not state["present"]:
            return ["missing"]
        remembered = self.wanted.get("digest")
        other = bool(remembered and state["secret"] and digest(state["secret"]) != remembered)
        return ["secret"] if other or not state["accepted"] else []

    def apply(self, state: State | None) -> None:
        """Make it or change it, and try it."""
        with self._asking():
            self._server.put_key(self.key, self.wanted["password"])
            if not self._server.accepts(self.key, self.wanted["password"]):
                raise HostError(f"{self.id}: the object storage refuses the new key", hint=LOOK)

    def restore(self, state: State) -> None:
        """Its former secret, as far as the server told it; gone if it was not there."""
        now = self.observe()
        if now is None:
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        with self._asking():
            if not state["present"]:
                if now["present"]:
                    self._server.delete_key(self.key)
            elif state["secret"] is not None:
                self._server.put_key(self.key, state["secret"])
            else:
                progress(f"  {self.id}: keeps its new secret; the former one is not known")

    def remove(self, origin: State) -> None:
        """Refused from now on. While the server does not answer it stays in its data, with which nothing is served."""
        if self.observe() is None:
            raise StillNeeded(f"{self.id}: {NO_ANSWER}")
        super().remove(origin)

    def foreign(self, state: State) -> bool:
        """A key of this name that we did not make."""
        return bool(state["present"])

    def record(self) -> dict[str, Any]:
        """With a digest in place of the secret, so that another one is noticed."""
        kept = super().record()
        return kept | ({"digest": digest(self.wanted["password"])} if "password" in self.wanted else {})


class ObjectBucket(_InObjectStorage):
    """A private bucket that keeps former versions, and that ``access_key`` alone may use."""

    name = "object_bucket"

    @property
    def data(self) -> bool:
        """It holds what a service keeps."""
        return True

    @property
    def _user(self) -> str:
        return str(self.wanted["access_key"])

    def _absent(self) -> State:
        return {"present": False, "versioning": None, "rights": None}

    def _look(self) -> State:
        client = self._server.client()
        if self.key not in client.ask("GET", "/").values("Name"):
            return self._absent()
        versioning = client.ask("GET", f"/{self.key}", {"versioning": ""}).values("Status")
        return {
            "present": True,
            "versioning": versioning[0] if versioning else None,
            "rights": self._server.granted(self.key, self._user),
        }

    def differs(self, state: State | None) -> list[str]:
        """Missing, without versions, or with other rights."""
        if state is None:
            return [NO_ANSWER]
        if not state["present"]:
            return ["missing"]
        words = [] if state["versioning"] == ENABLED else ["former versions are not kept"]
        if not same(state["rights"], self._server.wanted(self.key, self._user)):
            words.append(f"rights of {self._user}")
        return words

    def apply(self, state: State | None) -> None:
        """Make it, keep versions, allow its key."""
        if state is None:
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        with self._asking():
            if not state["present"]:
                self._server.client().ask("PUT", f"/{self.key}")
            if state["versioning"] != ENABLED:
                self._set_versioning(ENABLED)
            self._server.grant(self.key, self._user, self._server.wanted(self.key, self._user))

    def _set_versioning(self, status: str) -> None:
        body = _VERSIONING.format(status).encode()
        self._server.client().ask("PUT", f"/{self.key}", {"versioning": ""}, body)

    def restore(self, state: State) -> None:
        """Versioning and rights as they were; a bucket that was not there goes if nothing is in it."""
        now = self.observe()
        if now is None:
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        if not now["present"]:
            return
        with self._asking():
            if not state["present"]:
                self._server.revoke(self.key, self._user)
                self._drop()
                return
            if state["versioning"] != now["versioning"]:
                self._set_versioning(state["versioning"] or "Suspended")
            if state["rights"] is not None:
                self._server.grant(self.key, self._user, state["rights"])
            else:
                self._server.revoke(self.key, self._user)

    def _drop(self) -> None:
        from hostctl.s3 import S3Error

        try:
            self._server.client().ask("DELETE", f"/{self.key}")
        except S3Error as error:
            if error.code != _EMPTY:
                raise
            progress(f"  {self.id}: there are objects in it, so it stays")

    def remove(self, origin: State) -> None:
        """With everything in it, former versions too; only asked for where data is to go."""
        if self.observe() is None:
            raise HostError(f"{self.id}: {NO_ANSWER}", hint=LOOK)
        with self._asking():
            self._empty()
        self.restore(origin)

    def _empty(self) -> None:
        client = self._server.client()
        while True:
            listed = client.ask("GET", f"/{self.key}", {"versions": ""})
            rows = listed.rows("Version") + listed.rows("DeleteMarker")
            for row in rows:
                client.ask("DELETE", f"/{self.key}/{row['Key']}", {"versionId": row["VersionId"]})
            if not rows:
                return

    def foreign(self, state: State) -> bool:
        """A bucket of this name that we did not make."""
        return bool(state["present"])
