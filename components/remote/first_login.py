"""Makes a server ready for its deploy user: ``python -m components.remote.first_login < FIRST_LOGIN.json``.

The deploy user is tried first: a server that is set up lets root in no more, and whatever changes later (other keys,
a lost state) is brought there by that user. The first user of a fresh server is asked only where the deploy user is
not there yet, is not let in, or may not run sudo.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from components.remote.connection import Login
from components.remote.session import Answer, Question, Sessions, Unreachable

LIMIT = 1200.0
"""Seconds that the script may take; on a slow mirror most of it is an installation."""

PATIENCE = 60.0
"""Seconds in which a server that boots, or that holds off who failed to log in before, may come to answer."""

_CONNECT = 10.0
_PAUSE = 2.0
_NO_SUDO = 97
_AS_ROOT = (
    'if [ "$(id -u)" = 0 ]; then exec timeout --kill-after=30s 20m sh -s; fi; '
    f"sudo -n true || exit {_NO_SUDO}; exec timeout --kill-after=30s 20m sudo -n sh -s"
)


@dataclass(frozen=True, kw_only=True)
class FirstLogin:
    """What is done on the server, and by whom.

    ``users``: the deploy user, then the first user of a fresh server. ``script``: POSIX sh, run as root.
    """

    login: Login
    users: tuple[str, ...]
    script: str

    def text(self) -> str:
        """As it travels to this program; it holds the key."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> FirstLogin:
        """The opposite of ``text``."""
        found = json.loads(text)
        return cls(**found | {"login": Login(**found["login"]), "users": tuple(found["users"])})


def perform(
    wanted: FirstLogin,
    *,
    patience: float = PATIENCE,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Run the script as the first of the users who can; 1, with plain words, if none can or it fails."""
    question = Question(command=_AS_ROOT, stdin=wanted.script.encode(), limit=LIMIT)
    end, refusals = clock() + patience, []
    for user in wanted.users:
        while True:
            with Sessions({user: wanted.login}, {user: (user,)}, connect_limit=_CONNECT) as sessions:
                said = sessions.ask({user: question})[user]
            if isinstance(said, Answer) or said.refused or clock() > end:
                break
            pause(_PAUSE)
        if isinstance(said, Unreachable) and (said.other_key or not said.refused):
            return _fail(said.reason, "docs/operations.md, When a run fails")
        if isinstance(said, Unreachable):
            refusals.append(said.reason)
        elif said.status == _NO_SUDO:
            refusals.append(f"{user} may not run sudo without a password")
        else:
            return _tell(said)
    return _fail(
        "; ".join(refusals),
        "check ssh in the settings; where nobody gets in any more, the provider's console is the way in",
    )


def _tell(said: Answer) -> int:
    print(said.err, end="", file=sys.stderr)
    if said.status == 0:
        print(said.out, end="")
        return 0
    if not said.err.strip():
        return _fail(f"the script ended with {said.status} as {said.user}", "pulumi up again")
    return 1


def _fail(why: str, then: str) -> int:
    print(f"error: {why}\nnext: {then}", file=sys.stderr)
    return 1


def main() -> int:
    """Read the document from standard input."""
    return perform(FirstLogin.parse(sys.stdin.read()))


if __name__ == "__main__":
    sys.exit(main())
