from __future__ import annotations

from pathlib import Path

import pytest

from bench.tools.ansible import Ansible
from bench.tools.ours import Ours
from bench.tools.pyinfra import Pyinfra

NOWHERE = Path("/nonexistent")


@pytest.mark.parametrize(
    ("summary", "changes"),
    [
        ("    58 unchanged\n", 0),
        ("    ~ 1 updated\n    57 unchanged\n", 1),
        ("    + 2 created\n    - 1 deleted\n    +-1 replaced\n    4 changes. 55 unchanged\n", 4),
    ],
)
def test_pulumis_summary_tells_how_many_resources_changed(summary: str, changes: int) -> None:
    assert Ours.changes(Ours(), f"Updating\n\nResources:\n{summary}\nDuration: 4s\n") == changes


@pytest.mark.parametrize("changed", [0, 46])
def test_ansibles_recap_tells_how_many_tasks_changed_something(changed: int) -> None:
    recap = f"PLAY RECAP ***\nserver                     : ok=51   changed={changed}   unreachable=0    failed=0\n"
    assert Ansible(NOWHERE).changes(recap) == changed


@pytest.mark.parametrize(("column", "changed"), [("-", 0), ("7", 7)])
def test_pyinfras_grand_total_tells_how_many_operations_changed_something(column: str, changed: int) -> None:
    total = f"    Grand total                    113     {column}         -       106         \n"
    assert Pyinfra(NOWHERE).changes(total) == changed


@pytest.mark.parametrize("tool", [Ours(), Ansible(NOWHERE), Pyinfra(NOWHERE)])
def test_output_without_a_summary_tells_nothing(tool: Ours | Ansible | Pyinfra) -> None:
    assert tool.changes("error: broken off\n") is None
