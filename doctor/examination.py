"""The whole examination: everything is asked at the same time, then judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address

from components import access
from components.remote.program import program_version
from components.remote.session import Answer, Sessions, Unreachable
from components.settings import Settings, SettingsError
from doctor import certificates, listeners, names, ports, state
from doctor.disks import judge_disks
from doctor.facts import Facts, FactsError, parse, question
from doctor.findings import Finding, Group, fail, ok
from doctor.hosts import Expected, judge_answer, judge_unasked, judge_unreachable
from doctor.pulumi_cli import Cli, PulumiError, read_settings
from doctor.waiting import run

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is known of one host: its ``answer`` (None: it was not asked), and the ``facts`` in it, if they are any."""

    answer: Answer | Unreachable | None = None
    facts: Facts | FactsError | None = None

    @property
    def known(self) -> Facts | None:
        """The facts, if there are any."""
        return self.facts if isinstance(self.facts, Facts) else None


def examine(
    cli: Cli, stack: str, *, resolver: names.Resolver = names.system_resolver, clock: Clock = time.time
) -> list[Group]:
    """Everything that can be found out about a stack from this machine.

    ``resolver``: whom to ask for names. ``clock``: this machine's time, seconds since 1970. With settings that can't
    be used nothing is asked but Pulumi itself.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        looking = pool.submit(state.look, cli, stack)
        try:
            settings, problems = read_settings(cli, stack)
        except (PulumiError, SettingsError) as error:
            found = _unreadable(error)
            return [_pulumi(looking.result(), stack, None, cli, found)]
        hosts, outside = _ask(settings, resolver, clock)
        wrong = [fail("settings", str(problem), "correct it") for problem in problems]
        last = [*wrong, *state.judge_placeholders(settings)]
        return [*hosts, *outside, _pulumi(looking.result(), stack, settings, cli, last)]


def _unreadable(error: PulumiError | SettingsError) -> list[Finding]:
    if isinstance(error, SettingsError):
        return [
            fail("settings", str(problem), "correct it; until then hosts are not asked")
            for problem in error.problems
        ]
    return [fail("settings", str(error), "backend, stack and passphrase: docs/operations.md")]


def _pulumi(
    found: state.State, stack: str, settings: Settings | None, cli: Cli, more: list[Finding]
) -> Group:
    judged = state.judge_state(found, stack, settings, cli.project)
    return Group(title="Pulumi", findings=(*judged, *more))


def _ask(settings: Settings, resolver: names.Resolver, clock: Clock) -> tuple[list[Group], list[Group]]:
    public = [domain for domain in settings.domains if names.is_public(domain)]
    gateway, host = settings.host_of("gateway")
    local, asked_for = settings.certificates.source == "localCa", settings.certificates.asked
    # nobody trusts what Let's Encrypt's staging directory and the test server sign
    untrusted = local or (asked_for is not None and asked_for.directory in ("staging", "pebble"))
    dns_settings = settings.dns
    proxied = {name for name in settings.domains if dns_settings and dns_settings.proxied_at(name)}
    up = f"make up STACK={settings.stack}"
    with ThreadPoolExecutor(max_workers=2) as pool:
        resolving = pool.submit(names.resolve, public, resolver)
        # behind Cloudflare an authority of its own is enough between it and the gateway
        trusted = not untrusted and not proxied
        asked = () if ip_address(host.address).is_loopback else tuple(settings.domains)
        serving = pool.submit(run, certificates.fetch(host.address, asked, trusted=trusted))
        told = _hosts(settings, clock)
        groups = _judge_hosts(settings, told, up)
        seen = told[gateway].known
        dns = names.judge_names(
            resolving.result(),
            [domain for domain in settings.domains if domain not in public],
            gateway=tuple(filter(None, (host.address, host.ipv6_address))),
            proxied=proxied,
            remedy=_remedy(settings, host.address, up),
        )
        tls = certificates.judge_certificates(
            serving.result(),
            local=local,
            acme=asked_for is not None,
            set_up=seen is None or seen.hostctl is not None,
            up=up,
        )
    if not asked:
        tls = [ok("certificates", f"not asked: {host.address} is a way through this machine's own ports")]
    return groups, [
        Group(title="DNS", findings=tuple(dns)),
        Group(title="Certificates", findings=tuple(tls)),
    ]


def _remedy(settings: Settings, address: str, up: str) -> str:
    if settings.dns is None:
        return f"at your DNS provider: an address record to {address}"
    if settings.dns.provider == "none":
        return f"at your DNS provider: the lines of make zone STACK={settings.stack}"
    return up


def _hosts(settings: Settings, clock: Clock) -> dict[str, Told]:
    told = dict.fromkeys(settings.hosts, Told())
    known = access.known_hosts(settings)
    if not known:
        return told
    try:
        logins = access.logins(settings)
    except SettingsError as error:
        why = Unreachable(reason=str(error.problems[0]), refused=True)
        return told | {name: Told(answer=why) for name in known}
    wanted = question()
    entered = {name: login for name, login in logins.items() if name in known}
    with Sessions(entered, access.users(settings), clock=clock) as sessions:
        answers = sessions.ask(dict.fromkeys(entered, wanted))
    return told | {name: Told(answer=answer, facts=_facts(answer)) for name, answer in answers.items()}


def _facts(answer: Answer | Unreachable) -> Facts | FactsError | None:
    if isinstance(answer, Unreachable):
        return None
    try:
        return parse(answer.out)
    except FactsError as error:
        return error


def _judge_hosts(settings: Settings, told: Mapping[str, Told], up: str) -> list[Group]:
    declared = {name: ports.ports_of(settings, name) for name in told}
    targets = {name: ports.to_try(declared[name], told[name].known) for name in told}
    pairs = [(declared[name].address, port) for name, tried in targets.items() for port in tried]
    tried = run(ports.connect(pairs))
    version = program_version()
    groups = []
    for name, host in settings.hosts.items():
        expected = Expected(name=name, host=host, version=version, up=up)
        results = {port: tried[(host.address, port)] for port in targets[name]}
        found = [
            *_judge_host(expected, told[name]),
            *_listeners(settings, name, told[name].known),
            *ports.judge_ports(name, declared[name], told[name].known, results, up),
        ]
        groups.append(Group(title=f"Host {name} ({host.address})", findings=tuple(found)))
    return groups


def _listeners(settings: Settings, name: str, facts: Facts | None) -> list[Finding]:
    if facts is None:
        return []
    return listeners.judge_listeners(name, facts.listeners, listeners.declared(settings, name))


def _judge_host(expected: Expected, told: Told) -> list[Finding]:
    if told.answer is None:
        return judge_unasked(expected)
    if isinstance(told.answer, Unreachable):
        return judge_unreachable(expected, told.answer)
    if isinstance(told.facts, Facts):
        return [
            *judge_answer(expected, told.answer, told.facts),
            *judge_disks(expected.name, expected.host, told.facts),
        ]
    return [
        fail(
            f"{expected.name} reachable",
            f"{told.answer.user} got in, but {told.facts}",
            f"log in by hand: does `sh -s` work for {told.answer.user}, and does the shell's profile print anything?",
        )
    ]
