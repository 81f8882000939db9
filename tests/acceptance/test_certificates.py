"""Certificates from a real ACME server on a real host: issued, renewed, refused, expired, limited, and gone again."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.fixtures import ConvergedWorld
from tests.acceptance.releasing import FASTEST, under_load
from tests.acceptance.world import World
from tests.certctl.acme_server import acme_server
from tests.certificates import certificates

pytestmark = pytest.mark.host

NAMES = ("common", "community", "inventory", "payroll", "purchase", "sales", "app")
DOMAINS = tuple(f"{name}.dhanman.test" for name in NAMES)
ONE = "dhanman-local"
LIVE = f"/etc/dhanman/acme/live/{ONE}"
CONFIGURATION = "/etc/dhanman/local/certificates.json"
SERVICE = "dhanman-certificates-local.service"
COMMAND = "dhanman-certificates"
DNS = "http://127.0.0.1:8055/set-default-ipv4"
LIMITED = "acme.dhanman.test"
API = Path(__file__).parents[1] / "certctl/cloudflare_api.py"


def settings(**acme: Any) -> dict[str, Any]:
    asked = {"directory": "pebble", "onePerName": False, "dnsTimeout": 2, **acme}
    return FASTEST | {"certificates": {"source": "acme", "acme": asked}}


@pytest.fixture(scope="module")
def world(converged_world: ConvergedWorld) -> World:
    """An environment that was with a CA of its own, and has one certificate for all names from Pebble now."""
    # what is taken away is deleted with the connection of the last run, so that has to be this host's
    world = converged_world("certificates")
    world.configure(settings())
    world.up()
    (world.project / ".local/ca.crt").write_text(world.run("cat /run/dhanman-pebble/root.pem"))
    return world


def shown(world: World, domain: str = DOMAINS[0]) -> str:
    """The certificate that NGINX shows now."""
    command = (
        f"openssl s_client -connect 127.0.0.1:443 -servername {domain} </dev/null 2>/dev/null | openssl x509"
    )
    return world.run(command)


def master(world: World) -> str:
    """The process that a restart of NGINX would replace."""
    return world.run("systemctl show --value --property=MainPID nginx.service").strip()


def report(world: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.run("cat /var/lib/dhanman-certificates-local/certificates.json"))
    return found


def program(world: World, words: str) -> tuple[int, str]:
    done = world.host.run(["sh", "-c", f"{COMMAND} {words} 2>&1"], check=False)
    return done.returncode, done.stdout


@contextmanager
def configured(world: World, **values: Any) -> Iterator[None]:
    """With other values in the program's configuration; afterwards they are as deployed."""
    before = world.run(f"cat {CONFIGURATION}")
    changed = json.dumps(json.loads(before) | values)
    world.host.run(["sh", "-c", f"cat > {CONFIGURATION}"], input=changed)
    try:
        yield
    finally:
        world.host.run(["sh", "-c", f"cat > {CONFIGURATION}"], input=before)


@contextmanager
def names_lead_to(world: World, address: str) -> Iterator[None]:
    """What Pebble's DNS answers, and the host's own look as well."""

    def answer(ip: str) -> None:
        world.run(f"""curl --silent --fail --data '{{"ip":"{ip}"}}' {DNS}""")

    answer(address)
    try:
        yield
    finally:
        answer(world.host.address)


def test_every_domain_is_served_with_the_acme_server_s_certificate(world: World) -> None:
    assert [world.ask(f"https://{domain}/").status for domain in (DOMAINS[-1],)] == [200]
    for domain in DOMAINS[:-1]:
        assert world.ask(f"https://{domain}/health").status == 200
    leaf = world.run(f"openssl x509 -in {LIVE}/fullchain.pem -noout -ext subjectAltName,basicConstraints")
    assert all(f"DNS:{domain}" in leaf for domain in DOMAINS)
    assert report(world)["result"] == "ok"
    assert f'{{certificate="{ONE}"}}' in world.run(
        "cat /var/lib/dhanman-certificates-local/certificates.prom"
    )
    assert world.run("stat -L -c '%a %U' /etc/dhanman/acme /etc/dhanman/acme/live/*/privkey.pem") == (
        "700 root\n600 root\n"
    )


def test_a_second_up_changes_nothing_and_the_timer_runs_at_random_times(world: World) -> None:
    assert "unchanged" in world.up("--expect-no-changes")
    assert world.drift() == []
    timer = world.run("systemctl show dhanman-certificates-local.timer")
    for line in ("ActiveState=active", "Persistent=yes", "RandomizedDelayUSec=2h"):
        assert line in timer.splitlines()


def test_a_renewal_reaches_clients_by_a_reload_and_costs_no_request(world: World, vegeta: Path) -> None:
    before, process = shown(world), master(world)
    with under_load(world, vegeta), configured(world, renew_before=91):
        world.run(f"systemctl start {SERVICE}")
    assert shown(world) != before
    assert shown(world).split() == world.run(f"openssl x509 -in {LIVE}/fullchain.pem").split()
    assert master(world) == process
    # the service itself, in its sandbox: what is good is left alone
    after = shown(world)
    world.run(f"systemctl start {SERVICE}")
    assert shown(world) == after


def test_a_failing_proof_keeps_the_old_one_and_says_why(world: World) -> None:
    before = shown(world)
    world.run("chmod 700 /var/www/acme")
    try:
        code, said = program(world, "renew --force")
    finally:
        world.run("chmod 755 /var/www/acme")
    assert code == 1
    failed = [name for name in DOMAINS if f"{name}: the proof was not found where it must be" in said]
    # told never to take an earlier proof again, Pebble does it once in a hundred times (wfe.go: Intn(100) > 0)
    assert len(failed) >= len(DOMAINS) - 1
    assert "next: correct the cause" in said
    assert shown(world) == before
    assert report(world)["result"] == "failed"
    assert world.ask(f"https://{DOMAINS[0]}/health").status == 200
    assert program(world, "renew")[0] == 0
    assert report(world)["result"] == "ok"


@pytest.mark.slow
def test_an_expired_one_is_noticed_refused_while_names_lead_elsewhere_and_then_renewed(world: World) -> None:
    process = master(world)
    alternatives = ",".join(f"DNS:{domain}" for domain in DOMAINS)
    world.run(
        f"openssl req -x509 -key {LIVE}/privkey.pem -not_before 20260101000000Z -not_after 20260201000000Z -subj /"
        f" -addext subjectAltName={alternatives} -out {LIVE}/fullchain.pem && systemctl reload nginx"
    )
    assert f"issued_certificates:local: {ONE}: expired" in world.drift()
    with names_lead_to(world, "203.0.113.9"):
        said = world.up(check=False)
    assert f"DNS answers 203.0.113.9 for {DOMAINS[0]}, and this host is {world.host.address}" in said
    assert "next: correct the record" in said
    assert report(world)["certificates"][ONE]["good"] is False
    world.up()
    assert world.ask(f"https://{DOMAINS[0]}/health").status == 200
    assert (world.drift(), master(world)) == ([], process)


def test_a_rate_limit_is_told_and_the_server_not_asked_before_its_time(world: World, tmp_path: Path) -> None:
    made = certificates(tmp_path, LIMITED)
    gateway = world.host.address.rpartition(".")[0] + ".1"
    before = shown(world)
    world.run(f"echo '{gateway} {LIMITED}' >> /etc/hosts")
    authority = "/etc/dhanman/local/limited.pem"
    world.host.run(["sh", "-c", f"cat > {authority}"], input=made.authority.read_text())
    try:
        with acme_server("0.0.0.0", LIMITED, made) as server:
            server.limit(7200, "too many certificates already issued")
            with configured(world, directory=server.directory, authority=authority):
                first, second = program(world, "renew"), program(world, "renew")
    finally:
        world.run(f"rm {authority}; sed -i '/{LIMITED}/d' /etc/hosts")
    assert (server.accounts, server.orders) == (1, 1)
    assert "the ACME server's rate limit is reached (too many certificates already issued)" in first[1]
    assert f"{LIMITED} is not asked again before 20" in first[1]
    assert "not asked now: " in second[1]
    assert (first[0], second[0], shown(world)) == (1, 1, before)
    assert program(world, "renew")[0] == 0


@pytest.mark.slow
def test_one_certificate_for_each_name_and_another_type_of_key_are_a_setting(world: World) -> None:
    world.configure(settings(onePerName=True, keyType="rsa"))
    world.up()
    for domain in DOMAINS:
        leaf = world.run(f"openssl x509 -in /etc/dhanman/acme/live/{domain}/fullchain.pem -noout -text")
        assert [word for word in leaf.split() if word.startswith("DNS:")] == [f"DNS:{domain}"]
        assert "Public-Key: (2048 bit)" in leaf
    assert ssl.PEM_cert_to_DER_cert(shown(world, DOMAINS[1])) != ssl.PEM_cert_to_DER_cert(
        shown(world, DOMAINS[2])
    )


@pytest.mark.slow
def test_names_are_proved_in_dns_as_well_and_a_wrong_token_is_told(world: World) -> None:
    world.run("apt-get install --yes --no-install-recommends python3-certbot-dns-cloudflare >/dev/null 2>&1")
    script, token = "/root/cloudflare_api.py", "/root/cloudflare.ini"
    world.host.run(["sh", "-c", f"cat > {script}"], input=API.read_text())
    world.run(f"echo 'dns_cloudflare_api_token = right' > {token} && chmod 400 {token}")
    words = f"python3 {script} 8056 dhanman.test right http://127.0.0.1:8055"
    world.run(f"systemd-run --unit=cloudflare-api {words}")
    at_cloudflare = {
        "challenge": "dns-01",
        "credentials": token,
        "cloudflare_url": "http://127.0.0.1:8056/client/v4",
    }
    before = shown(world)
    try:
        with configured(world, **at_cloudflare), names_lead_to(world, "203.0.113.9"):
            assert program(world, "renew --force")[0] == 0
            assert shown(world) != before
            world.run(f"chmod 600 {token} && echo 'dns_cloudflare_api_token = wrong' > {token}")
            code, said = program(world, "renew --force")
    finally:
        world.run(f"systemctl stop cloudflare-api; rm {script} {token}")
    assert code == 1
    assert "Invalid access token" in said


@pytest.mark.slow
def test_an_acme_server_that_forgot_everything_issues_again(world: World) -> None:
    world.configure(settings())
    world.up()
    world.run("systemctl restart dhanman-pebble-local.service")
    code, said = program(world, "renew --force")
    assert (code, "nginx.service: reloaded" in said) == (0, True)


@pytest.mark.slow
def test_without_the_source_nothing_of_it_is_left(world: World) -> None:
    process = master(world)
    world.configure({})
    world.up()
    left = (
        "ls -d /etc/dhanman/acme /etc/dhanman/pebble /usr/local/sbin/dhanman-certificates"
        " /var/lib/dhanman-certificates-local /etc/systemd/system/dhanman-certificates* ; true"
    )
    assert world.run(left) == ""
    (world.project / ".local/ca.crt").unlink()
    assert world.ask(f"https://{DOMAINS[0]}/health").status == 200
    assert (world.drift(), master(world)) == ([], process)
