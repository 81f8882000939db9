"""A converged environment, made once for all processes of a run; test files start from copies of it.

A copy is a host on the frozen disk and a copy of the project with its state: seconds instead of a minute.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import testbed
from testbed.process import locked
from tests.acceptance.backups import info
from tests.acceptance.world import World
from tests.waiting import until

SUITE = "forky"


@dataclass(frozen=True, kw_only=True)
class Template:
    """``folder`` holds the project and its state, the snapshot the disk of the host that they belong to."""

    folder: Path
    snapshot: str

    def boot(self, name: str) -> testbed.Host:
        """A new host ``name`` on the frozen disk."""
        return testbed.up(name, from_snapshot=self.snapshot)


@contextmanager
def template(shared: Path) -> Iterator[Template]:
    """The template below ``shared``, made by whoever asks first; the last one to leave removes the snapshot."""
    digest = hashlib.sha256(str(shared).encode()).hexdigest()[:8]
    made = Template(folder=shared / "template", snapshot=f"template-{digest}")
    users = shared / "template-users"
    with locked(shared / "template.lock"):
        users.mkdir(exist_ok=True)
        mine = Path(tempfile.mkdtemp(dir=users))
        if testbed.find_snapshot(testbed.Clone.current(), made.snapshot) is None:
            try:
                _make(made, Path(tempfile.mkdtemp(prefix="template-", dir=shared)))
            except AssertionError as failure:
                # half of all tests hang on this one run, which other tests show at hosts of their own
                warnings.warn(f"the template was made at the second try only: {failure}", stacklevel=1)
                _make(made, Path(tempfile.mkdtemp(prefix="template-", dir=shared)))
    yield made
    with locked(shared / "template.lock"):
        mine.rmdir()
        if not any(users.iterdir()):
            testbed.forget_snapshot(testbed.Clone.current(), made.snapshot)


def _make(wanted: Template, draft: Path) -> None:
    with testbed.up(wanted.snapshot, suite=SUITE) as host:
        world = World.make(draft, host)
        world.up()
        # made in the background: the copies' own would otherwise be missing until the timer's next one
        until(lambda: bool(info(world, 1)["backup"]), 120)
        world.keep_what_was_said()
        host.stop()  # what is frozen has ended in good order
        shutil.rmtree(wanted.folder, ignore_errors=True)
        draft.rename(wanted.folder)
        host.snapshot(wanted.snapshot)  # last: where there is a snapshot, there is all of it
