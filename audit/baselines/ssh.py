"""Controls of https://github.com/dev-sec/ssh-baseline 2.8.1: what sshd and ssh do in the end, whatever file says so."""

from __future__ import annotations

import re
import subprocess

import pytest
from testinfra.host import Host

from audit.baselines.facts import Facts, control, settings

Settings = dict[str, list[str]]

_CIPHERS = {
    *("chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"),
    *("aes256-ctr", "aes192-ctr", "aes128-ctr"),
}
_EXCHANGES = {
    *("sntrup761x25519-sha512@openssh.com", "curve25519-sha256@libssh.org"),
    "diffie-hellman-group-exchange-sha256",
}
_DIGESTS = {
    *("hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "umac-128-etm@openssh.com"),
    *("hmac-sha2-512", "hmac-sha2-256"),
}

_OFFERED = (
    ("ciphers", "every cipher is strong", _CIPHERS),
    ("kexalgorithms", "every key exchange is strong", _EXCHANGES),
    ("macs", "every MAC is strong", _DIGESTS),
)
"""Setting, what is said of it, and the algorithms that it may have."""

_SERVER = (
    (
        "sshd-06",
        "root has no password to log in with",
        "permitrootlogin",
        "no without-password prohibit-password",
    ),
    ("sshd-08", "the family of addresses is known", "addressfamily", "any inet inet6"),
    ("sshd-11", "homes that others write are not trusted", "strictmodes", "yes"),
    ("sshd-12", "the log is that of logins", "syslogfacility", "AUTH"),
    ("sshd-13", "the log says which key logged in", "loglevel", "VERBOSE"),
    ("sshd-17", "users give sshd no environment", "permituserenvironment", "no"),
    ("sshd-18", "a login takes 30 seconds at most", "logingracetime", "30"),
    ("sshd-19", "a connection has two tries", "maxauthtries", "2"),
    ("sshd-20", "a connection has ten sessions", "maxsessions", "10"),
    ("sshd-21", "few wait for their login", "maxstartups", "10:30:60"),
    ("sshd-22", "keys are accepted", "pubkeyauthentication", "yes"),
    ("sshd-23", "no .rhosts file counts", "ignorerhosts", "yes"),
    ("sshd-24", "no user's known hosts count", "ignoreuserknownhosts", "yes"),
    ("sshd-25", "no host vouches for its users", "hostbasedauthentication", "no"),
    ("sshd-27", "no password is accepted", "passwordauthentication", "no"),
    ("sshd-28", "no empty password is accepted", "permitemptypasswords", "no"),
    ("sshd-29", "nobody is asked for a password either", "kbdinteractiveauthentication", "no"),
    ("sshd-30", "Kerberos is off", "kerberosauthentication", "no"),
    ("sshd-31", "Kerberos falls back to no password", "kerberosorlocalpasswd", "no"),
    ("sshd-32", "Kerberos' tickets are cleaned up", "kerberosticketcleanup", "yes"),
    ("sshd-33", "GSSAPI is off", "gssapiauthentication", "no"),
    ("sshd-34", "GSSAPI's tickets are cleaned up", "gssapicleanupcredentials", "yes"),
    ("sshd-35", "nothing is asked outside the encrypted connection", "tcpkeepalive", "no false"),
    ("sshd-37", "a silent client is asked three times", "clientalivecountmax", "3"),
    ("sshd-38", "there are no tunnels", "permittunnel", "no"),
    ("sshd-39", "no TCP is forwarded", "allowtcpforwarding", "no"),
    ("sshd-40", "no agent is forwarded", "allowagentforwarding", "no"),
    ("sshd-41", "what is forwarded is for the host alone", "gatewayports", "no"),
    ("sshd-42", "X11 is not forwarded", "x11forwarding", "no"),
    ("sshd-43", "X11 would be for the host alone", "x11uselocalhost", "yes"),
    ("sshd-44", "sshd prints no message of the day", "printmotd", "no"),
    ("sshd-45", "sshd prints no last login", "printlastlog", "no"),
    ("sshd-46", "there is no banner", "banner", "none"),
    ("sshd-47", "Debian's patch level is told to nobody", "debianbanner", "no"),
)
_CLIENT = (
    ("ssh-02", "the family of addresses is known", "addressfamily", "any inet inet6"),
    ("ssh-03", "the port is the usual one", "port", "22"),
    ("ssh-05", "a person may be asked", "batchmode", "no"),
    ("ssh-06", "addresses are known with their keys", "checkhostip", "yes"),
    ("ssh-07", "an unknown host is asked about", "stricthostkeychecking", "ask yes true"),
    ("ssh-11", "no agent is forwarded", "forwardagent", "no"),
    ("ssh-12", "X11 is not forwarded", "forwardx11", "no"),
    ("ssh-13", "no host vouches for its users", "hostbasedauthentication", "no"),
    ("ssh-16", "no password is given", "passwordauthentication", "no"),
    ("ssh-17", "GSSAPI is off", "gssapiauthentication", "no"),
    ("ssh-18", "no ticket is given on", "gssapidelegatecredentials", "no"),
    ("ssh-19", "there are no tunnels", "tunnel", "no false"),
    ("ssh-20", "a connection runs nothing here", "permitlocalcommand", "no"),
)


def _rows(rows: tuple[tuple[str, str, str, str], ...]) -> list[object]:
    return [
        pytest.param(name, right, marks=control(number, title), id=number)
        for number, title, name, right in rows
    ]


@pytest.fixture(scope="module")
def server(facts: Facts) -> Settings:
    """What sshd does."""
    return settings(facts.lines("/usr/sbin/sshd -T"))


@pytest.fixture(scope="module")
def client(facts: Facts) -> Settings:
    """What ssh does."""
    _needs_ssh(facts)
    return settings(facts.lines("ssh -G localhost"))


@pytest.mark.parametrize(("name", "right"), _rows(_SERVER))
def test_sshd_has_this_setting(server: Settings, name: str, right: str) -> None:
    if name not in server and name.startswith(("gssapi", "kerberos")):
        pytest.skip("this sshd is built without it")
    assert server[name] in [[value] for value in right.split()]


@pytest.mark.parametrize(("name", "right"), _rows(_CLIENT))
def test_ssh_has_this_setting(client: Settings, name: str, right: str) -> None:
    assert client[name] in [[value] for value in right.split()]


def _offers(*numbers: str) -> list[object]:
    return [
        pytest.param(name, good, marks=control(number, title), id=name)
        for number, (name, title, good) in zip(numbers, _OFFERED, strict=True)
    ]


@pytest.mark.parametrize(("name", "good"), _offers("sshd-01", "sshd-02", "sshd-03"))
def test_sshd_offers_nothing_beyond_these(server: Settings, name: str, good: set[str]) -> None:
    assert _beyond(server[name], good) == set()


@pytest.mark.parametrize(("name", "good"), _offers("ssh-08", "ssh-09", "ssh-10"))
def test_ssh_offers_nothing_beyond_these(client: Settings, name: str, good: set[str]) -> None:
    assert _beyond(client[name], good) == set()


@control("ssh-22")
def test_what_ssh_offers_in_the_end_is_strong(client: Settings) -> None:
    assert {name for name, _, good in _OFFERED if _beyond(client[name], good)} == set()


def _needs_ssh(facts: Facts) -> None:
    if not facts.is_there("/usr/bin/ssh"):
        pytest.skip("there is no ssh client")


def _beyond(values: list[str], good: set[str]) -> set[str]:
    found = set(values[0].split(","))
    assert found
    return found - good


@control("sshd-04")
def test_the_folder_is_written_by_root_alone(facts: Facts) -> None:
    assert facts.mode("/etc/ssh") == ("root", "root", 0o755)


@control("sshd-05")
def test_settings_of_sshd_are_for_root_alone(facts: Facts) -> None:
    assert facts.mode("/etc/ssh/sshd_config") == ("root", "root", 0o600)


@control("ssh-01")
def test_settings_of_ssh_are_written_by_root_alone(facts: Facts) -> None:
    _needs_ssh(facts)
    assert facts.mode("/etc/ssh/ssh_config") == ("root", "root", 0o644)


@control("sshd-07")
def test_sshd_listens_on_the_port_that_deployments_use(host: Host, server: Settings) -> None:
    said = subprocess.run(
        ["ssh", "-G", "-F", host.backend.ssh_config, host.backend.host.name],
        check=True,
        capture_output=True,
        text=True,
    )
    assert server["port"] == settings(said.stdout.splitlines())["port"]


@control("sshd-09")
def test_sshd_listens_on_addresses_of_its_own(server: Settings) -> None:
    assert not [one for one in server["listenaddress"] if one.startswith(("0.0.0.0", "[::]"))]


@control("sshd-14")
def test_host_keys_are_those_of_the_system(server: Settings) -> None:
    keys = server["hostkey"]
    assert "/etc/ssh/ssh_host_ed25519_key" in keys
    # newer versions have kinds that the baseline does not know, none of them weak; DSA was
    assert [key for key in keys if not re.fullmatch(r"/etc/ssh/ssh_host_(?!dsa_)[\w-]+_key", key)] == []


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("uselogin", marks=control("sshd-15", "login(1) is not used"), id="login"),
        pytest.param(
            "useprivilegeseparation", marks=control("sshd-16", "privileges are apart"), id="separation"
        ),
    ],
)
def test_what_newer_versions_decide_by_themselves_is_not_set(server: Settings, name: str) -> None:
    assert name not in server


@control("sshd-36")
def test_a_silent_client_is_asked_within_five_minutes(server: Settings) -> None:
    (seconds,) = server["clientaliveinterval"]
    assert 0 < int(seconds) <= 300


@control("sshd-48")
def test_no_prime_for_key_exchanges_is_short(facts: Facts) -> None:
    assert facts.lines("awk '$5 ~ /^[0-9]+$/ && $5 < 2047' /etc/ssh/moduli") == []


@control("sshd-49")
def test_no_argument_of_sshd_overrides_its_settings(facts: Facts) -> None:
    arguments = facts.said("tr '\\0' ' ' < /proc/$(systemctl show --property=MainPID --value ssh)/cmdline")
    assert "sshd" in arguments
    assert not [name for name in ("-oCiphers", "-oKexAlgorithms", "-oHostKeyAlgorithms") if name in arguments]


@control("sshd-50")
def test_an_rsa_host_key_is_long(facts: Facts) -> None:
    key = "/etc/ssh/ssh_host_rsa_key"
    if not facts.is_there(key):
        pytest.skip("there is no RSA host key")
    assert int(facts.said(f"ssh-keygen -l -f {key}").split()[0]) >= 4096
