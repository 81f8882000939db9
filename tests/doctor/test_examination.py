"""The whole examination, against an SSH server and a CLI on this machine."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from doctor.__main__ import main
from doctor.examination import examine
from doctor.findings import Group
from doctor.names import Addresses
from tests.components.settings.example import DELETE, HOST_KEY, changed
from tests.doctor.conftest import FakeCli
from tests.toolchain.ssh_server import SshServer

Start = Callable[[str], SshServer]


def entered(server: SshServer, **more: Any) -> dict[str, Any]:
    """Settings whose host is the SSH server."""
    return changed(
        {
            "hosts/main/address": "127.0.0.1",
            "hosts/main/port": server.port,
            "hosts/main/hostKey": server.host_key,
            "ssh": {"privateKey": server.private_key},
            **more,
        }
    )


def gateway(_name: str) -> Addresses:
    return ("127.0.0.1",)


def text_of(groups: list[Group]) -> dict[str, str]:
    return {finding.subject: f"{finding.level}: {finding.text}" for g in groups for finding in g.findings}


def test_a_host_is_asked_over_one_connection_and_every_group_has_its_lines(
    start_server: Start, fake_cli: FakeCli
) -> None:
    server = start_server("main")
    groups = examine(fake_cli(entered(server)), "qa", resolver=gateway)
    assert [group.title for group in groups] == ["Host main (127.0.0.1)", "DNS", "Certificates", "Pulumi"]
    found = text_of(groups)
    assert found["main reachable"].startswith("ok: 127.0.0.1, as deploy")
    assert found["dns sales.example.com"] == "ok: 127.0.0.1"
    assert found["certificates"].startswith("ok: not asked")
    assert found["pulumi stack"] == "ok: qa exists"
    assert found["settings"] == "ok: complete"
    assert server.opened == 1


def test_before_the_first_up_the_bootstrap_user_answers(start_server: Start, fake_cli: FakeCli) -> None:
    server = start_server("main")
    server.refused = frozenset({"deploy"})
    found = text_of(examine(fake_cli(entered(server)), "qa", resolver=gateway))
    assert found["main set up"] == "warn: not yet: it lets in root and not deploy"


@pytest.mark.parametrize(
    ("ahead", "said"),
    [(0.0, r"s this machine's"), (-45.0, r"fail: 4[45]\.\d s ahead of"), (45.0, r"fail: 4[45]\.\d s behind")],
)
def test_the_host_s_clock_is_held_against_this_machine_s(
    ahead: float, said: str, start_server: Start, fake_cli: FakeCli
) -> None:
    cli = fake_cli(entered(start_server("main")))
    found = text_of(examine(cli, "qa", resolver=gateway, clock=lambda: time.time() + ahead))
    assert re.search(said, found["main clock"])


def test_a_host_out_of_reach_leaves_the_others_their_lines(start_server: Start, fake_cli: FakeCli) -> None:
    # the server listens on 127.0.0.1 alone
    server = start_server("main")
    other = {"address": "127.0.0.2", "port": server.port, "hostKey": HOST_KEY, "memory": "1GiB", "cores": 1}
    found = text_of(examine(fake_cli(entered(server, **{"hosts/data": other})), "qa", resolver=gateway))
    assert found["main reachable"].startswith("ok")
    assert found["data reachable"] == f"fail: port {server.port} of 127.0.0.2 refuses connections"


def test_a_host_whose_key_is_not_set_yet_is_not_entered(start_server: Start, fake_cli: FakeCli) -> None:
    server = start_server("main")
    found = text_of(
        examine(fake_cli(entered(server, **{"hosts/main/hostKey": DELETE})), "qa", resolver=gateway)
    )
    assert found["main reachable"].startswith("warn: not asked")
    assert found["settings"].startswith("warn: hosts/main/hostKey")
    assert server.opened == 0


def test_a_key_file_that_is_missing_is_the_hosts_reason(start_server: Start, fake_cli: FakeCli) -> None:
    cli = fake_cli(entered(start_server("main"), ssh={"privateKeyFile": "/nowhere/key"}))
    assert "/nowhere/key can't be read" in text_of(examine(cli, "qa", resolver=gateway))["main reachable"]


def test_an_answer_that_is_none_says_who_got_in(start_server: Start, fake_cli: FakeCli) -> None:
    server = start_server("main")
    server.answer = b"This account is currently not available.\n"
    found = text_of(examine(fake_cli(entered(server)), "qa", resolver=gateway))
    assert found["main reachable"].startswith("fail: deploy got in, but the host broke off")


def test_bad_settings_are_the_same_lines_as_elsewhere_and_pulumi_is_still_asked(fake_cli: FakeCli) -> None:
    groups = examine(fake_cli(changed({"services/sales/port": 5101})), "qa")
    assert [group.title for group in groups] == ["Pulumi"]
    found = text_of(groups)
    assert found["settings"] == "fail: Pulumi.qa.yaml: services/sales/port: 5101 is also services/common/port"
    assert found["pulumi cli"].startswith("ok")


def test_a_wrong_passphrase_is_one_line(fake_cli: FakeCli) -> None:
    cli = fake_cli({}, config={"fails": "error: incorrect passphrase"})
    assert text_of(examine(cli, "qa"))["settings"] == "fail: incorrect passphrase"


def test_no_secret_is_printed(
    start_server: Start, fake_cli: FakeCli, capsys: pytest.CaptureFixture[str]
) -> None:
    server = start_server("main")
    secrets = {"Auth0.ClientSecret": "SECRET-of-auth0"}
    config = entered(
        server, **{"services/sales/secrets": secrets, "services/sales/settings": {"A": "SECRET-b"}}
    )
    main(["qa"], fake_cli(config, ("dhanman:services", "dhanman:ssh")))
    printed = "".join(capsys.readouterr())
    assert "main reachable" in printed
    assert "SECRET" not in printed
    assert not [line for line in server.private_key.splitlines()[1:-1] if line in printed]


def test_the_exit_status_says_whether_anything_is_broken(
    fake_cli: FakeCli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = fake_cli(changed({}))
    seen: list[Group] = []
    monkeypatch.setattr("doctor.__main__.examine", lambda *_: seen)
    assert main(["qa"], cli) == 0
    seen[:] = examine(fake_broken(cli), "qa")
    assert main(["qa"], cli) == 1
    assert "\x1b" not in capsys.readouterr().out


def fake_broken(cli: Any) -> Any:
    answers = cli.program.with_name("answers.json")
    answers.write_text(json.dumps(json.loads(answers.read_text()) | {"config": {"fails": "error: no"}}))
    return cli


@pytest.mark.parametrize("words", [[], ["--help"], ["nowhere"], ["qa", "prod"]])
def test_wrong_words_end_with_2_and_one_line(
    words: list[str], fake_cli: FakeCli, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words, fake_cli(changed({}))) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
