"""What serves goes first: the processor is for requests, and a deployment takes what they leave."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

NICENESS = 10
"""What systemd starts for us does not inherit this."""
AUTOGROUP = Path("/proc/self/autogroup")


def let_services_go_first() -> None:
    """Lower this process' and its children's priority.

    Where the kernel groups tasks by session, a nice value counts within its session alone, and each session counts as
    much as any service. Hence a session of its own, with the same value: sched(7), "The autogroup feature". A person's
    terminal keeps its session, since Ctrl-C would not get here any more.
    """
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    if sys.stdin.isatty():
        return
    # a kernel without groups; or the caller made a process group, so no session can be made
    with suppress(OSError):
        if os.getsid(0) != os.getpid():
            os.setsid()
        AUTOGROUP.write_text(f"{NICENESS}")
