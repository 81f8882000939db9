from __future__ import annotations

from bench.journal import SshCount, count

JOURNAL = """\
Server listening on 0.0.0.0 port 22.
Connection from 10.77.0.1 port 51234 on 10.77.0.11 port 22 rdomain ""
Accepted key ED25519 SHA256:abc found at /root/.ssh/authorized_keys:1
Accepted publickey for root from 10.77.0.1 port 51234 ssh2: ED25519 SHA256:abc
User child is on pid 812
Starting session: command for root from 10.77.0.1 port 51234 id 0
Close session: user root from 10.77.0.1 port 51234 id 0
Starting session: subsystem 'sftp' for root from 10.77.0.1 port 51234 id 0
Starting session: shell on pts/0 for root from 10.77.0.1 port 51234 id 1
Received disconnect from 10.77.0.1 port 51234:11: disconnected by user
Accepted publickey for deploy from 10.77.0.1 port 51240 ssh2: ED25519 SHA256:abc
Starting session: command for deploy from 10.77.0.1 port 51240 id 0
"""


def test_a_login_counts_once_though_sshd_also_logs_that_it_accepted_the_key() -> None:
    assert count(JOURNAL).connections == 2


def test_commands_subsystems_and_shells_each_count_as_a_channel() -> None:
    assert count(JOURNAL).channels == 4


def test_an_empty_journal_counts_nothing() -> None:
    assert count("") == SshCount(connections=0, channels=0)


def test_a_message_that_quotes_another_is_not_counted() -> None:
    text = "error: Accepted publickey for root\nClose session: Starting session: command for root"
    assert count(text) == SshCount(connections=0, channels=0)
