"""Makes a bucket what it is to be, or says why that is not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from components.backup.bucket.spec import Wanted

DOCS = "docs/operations.md, The bucket"
ESSENTIAL = ("tags", "lifecycle rules", "versions", "object lock")
"""What a key that changes a bucket must be able to read, by the first words of :attr:`Found.unseen`."""


class Refusal(Exception):
    """Nothing was done. ``reason``: why not. ``next_step``: what to do about it. ``details``: lines about it."""

    def __init__(self, reason: str, next_step: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason, self.next_step, self.details = reason, next_step, details

    def lines(self) -> list[str]:
        """As the run shows it."""
        return [
            f"error: {self.reason}",
            *(f"    {line}" for line in self.details),
            f"next: {self.next_step}",
        ]


class Unreachable(Exception):
    """The store does not answer on this machine; the text says how."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A bucket as it is. ``owner``: the environment that it says it belongs to, or nothing.

    ``differences``: what is not as wanted. ``foreign``: rules of others, which would be lost.
    ``not_offered``: what the store can't do. ``unseen``: what the key may not read.
    """

    owner: str = ""
    differences: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    not_offered: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class Store(Protocol):
    """A provider's buckets, for one bucket."""

    def look(self) -> Found | None:
        """The bucket; None if there is none of that name.

        Raises :class:`Refusal` if it is somebody else's, :class:`Unreachable`.
        """
        ...

    def create(self) -> None:
        """Make it, private, and say in it whose it is."""
        ...

    def correct(self) -> None:
        """Give it everything that is wanted, and take away what lets strangers in."""
        ...


def ensure(wanted: Wanted, store: Store) -> list[str]:
    """Create or correct the bucket; what was done, as lines. Raises :class:`Refusal`."""
    try:
        found = store.look()
    except Unreachable as error:
        if wanted.change:
            step = "check backup.bucket.endpoint and this machine's network, then pulumi up"
            raise Refusal(f"bucket {wanted.name}: {error}", step) from error
        # a store that only the hosts reach is none of this machine's business
        return [f"bucket {wanted.name}: not looked at, since this machine does not reach it: {error}"]
    if found is None:
        if not wanted.change:
            step = f"make it ({DOCS}), or let the deployment make it: backup.bucket.admin"
            raise Refusal(f"bucket {wanted.name} does not exist", step)
        store.create()
        return _corrected(wanted, store, "created")
    _belongs(wanted, found)
    if not wanted.change:
        return _looked_at(wanted, found)
    _sees_enough(wanted, found)
    if found.owner == wanted.environment and not found.differences and not found.foreign:
        return [f"bucket {wanted.name}: unchanged", *_remarks(found)]
    return _corrected(wanted, store, "corrected", found)


def _belongs(wanted: Wanted, found: Found) -> None:
    if found.owner and found.owner != wanted.environment:
        raise Refusal(
            f"bucket {wanted.name} belongs to the environment {found.owner}",
            "give backup.bucket.name another name: each environment has a bucket of its own",
        )
    if not wanted.change or wanted.adopt:
        return
    if not found.owner:
        raise Refusal(
            f"bucket {wanted.name} exists and was not made by this deployment; nothing was changed",
            "give backup.bucket.name another name, or look at what is in it, set backup.bucket.adopt to true, "
            "and it becomes what the settings say",
            (*found.differences, *found.foreign),
        )
    if found.foreign:
        raise Refusal(
            f"bucket {wanted.name} has rules that this deployment did not make; nothing was changed",
            "take them away, or set backup.bucket.adopt to true, and the deployment's own take their place",
            found.foreign,
        )


def _sees_enough(wanted: Wanted, found: Found) -> None:
    blind = tuple(what for what in found.unseen if what.startswith(ESSENTIAL))
    if blind:
        raise Refusal(
            f"the key {wanted.key_id} may not read everything of bucket {wanted.name}; nothing was changed",
            f"give backup.bucket.admin the rights that it lacks ({DOCS})",
            blind,
        )


def _looked_at(wanted: Wanted, found: Found) -> list[str]:
    wrong = (*found.differences, *found.foreign)
    if wrong:
        raise Refusal(
            f"bucket {wanted.name} is not as backups need it, and its key may not change that",
            f"change it by hand ({DOCS}), or let the deployment do it: backup.bucket.admin",
            wrong,
        )
    return [f"bucket {wanted.name}: as it should be", *_remarks(found)]


def _corrected(wanted: Wanted, store: Store, how: str, before: Found | None = None) -> list[str]:
    store.correct()
    after = store.look()
    if after is None or after.differences or after.foreign:
        raise Refusal(
            f"bucket {wanted.name} was {how} and is still not as it should be",
            f"correct what is named by hand ({DOCS}), then pulumi up",
            (*after.differences, *after.foreign) if after else ("it is gone",),
        )
    was = [f"  {line}" for line in (*before.differences, *before.foreign)] if before else []
    return [f"bucket {wanted.name}: {how}", *was, *_remarks(after)]


def _remarks(found: Found) -> list[str]:
    return [
        *(f"  this store does not offer: {what}" for what in found.not_offered),
        *(f"  not looked at, since the key may not: {what}" for what in found.unseen),
    ]
