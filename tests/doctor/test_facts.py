"""The question to a host, answered by this machine, and its answer as facts."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from doctor.facts import FactsError, Filesystem, parse, question
from doctor.listeners import Listener

ANSWER = """\
Welcome to this server, have a nice day
began 1000.5
root yes
os-id ubuntu
os-version 24.04
os-name Ubuntu 24.04.3 LTS
memory 16000000
swap 2048
cores 8
synchronised yes
container none
disk 1000 400 500 /
inodes 100 90 /
disk 1000 400 500 /
inodes 100 90 /
disk 2000 0 2000 /var/lib/postgresql
inodes - - /var/lib/postgresql
failed nginx.service
failed dhanman-sales-qa@blue.service
reboot linux-image-amd64 libc6
listen tcp 0.0.0.0:22 users:(("sshd",pid=139,fd=6))
listen udp 127.0.0.53%lo:53 users:(("systemd-resolve",pid=1,fd=1))
listen tcp *:5672
listen tcp [::1]:5201
hostctl 0123456789abcdef
journal base
armed access
reverted access
observed {"format": 1, "units": {"base": {"differences": ["file:/etc/x: content"], "generation": 1}}}
ended 1002.5
"""


def test_an_answer_is_read_line_by_line_and_other_lines_are_passed_over() -> None:
    facts = parse(ANSWER)
    assert (facts.began, facts.ended, facts.root, facts.cores) == (1000.5, 1002.5, True, 8)
    assert (facts.os_id, facts.os_version, facts.os_name) == ("ubuntu", "24.04", "Ubuntu 24.04.3 LTS")
    assert (facts.memory, facts.swap) == (16_000_000 * 1024, 2048 * 1024)
    assert (facts.synchronised, facts.container) == (True, False)
    assert facts.failed == ("nginx.service", "dhanman-sales-qa@blue.service")
    assert facts.reboot == "linux-image-amd64 libc6"
    assert (facts.hostctl, facts.journals, facts.armed) == ("0123456789abcdef", ("base",), ("access",))
    assert facts.reverted == ("access",)
    assert facts.differences == {"base": ("file:/etc/x: content",)}


def test_a_filesystem_counts_once_however_many_folders_are_on_it() -> None:
    kib = 1024
    assert parse(ANSWER).filesystems == (
        Filesystem(
            mount="/", size=1000 * kib, used=400 * kib, available=500 * kib, inodes=100, inodes_free=90
        ),
        Filesystem(mount="/var/lib/postgresql", size=2000 * kib, used=0, available=2000 * kib),
    )


def test_listeners_have_address_port_and_process_and_loopback_is_told_apart() -> None:
    found = parse(ANSWER).listeners
    assert found[0] == Listener(address="0.0.0.0", port=22, process="sshd")
    assert [(one.port, one.loopback) for one in found] == [
        (22, False),
        (53, True),
        (5672, False),
        (5201, True),
    ]


def test_what_the_host_did_not_say_is_not_made_up() -> None:
    said = "began 1\nended 2\nmemory 1\ncores 1\nsynchronised \ncontainer systemd-nspawn\nobserved not json\n"
    facts = parse(said)
    assert (facts.root, facts.synchronised, facts.container) == (False, None, True)
    assert (facts.reboot, facts.hostctl, facts.differences) == (None, None, None)
    assert (facts.failed, facts.filesystems, facts.listeners) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "broke off"),
        (ANSWER.replace("ended 1002.5\n", ""), "broke off"),
        (ANSWER.replace("memory 16000000", "memory SECRET"), "not understood"),
        ("This account is not available.\n", "broke off"),
    ],
)
def test_an_answer_that_is_none_is_said_in_words_without_its_text(text: str, words: str) -> None:
    with pytest.raises(FactsError, match=words) as caught:
        parse(text)
    assert "SECRET" not in str(caught.value)


def ask(path: str = os.environ["PATH"]) -> str:
    wanted = question()
    done = subprocess.run(
        ["sh", "-s"], input=wanted.stdin, capture_output=True, check=True, timeout=60, env={"PATH": path}
    )
    assert done.stderr == b""
    return done.stdout.decode()


def test_this_machine_answers_the_question() -> None:
    facts = parse(ask())
    assert abs(facts.ended - time.time()) < 30
    assert facts.began < facts.ended
    assert facts.cores == os.cpu_count()
    assert facts.memory > 0
    assert facts.filesystems[0].mount == "/"
    assert facts.filesystems[0].size > facts.filesystems[0].available > 0


def test_the_script_is_read_whole_before_a_tool_can_eat_the_rest_of_it() -> None:
    # what follows it on stdin is not run
    wanted = question().stdin + b"echo more\n"
    done = subprocess.run(["sh", "-s"], input=wanted, capture_output=True, check=True, timeout=60)
    assert b"more" not in done.stdout.splitlines()[-1]
    assert done.stdout.splitlines()[-1].startswith(b"ended ")
