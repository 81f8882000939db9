"""Kernel parameters of every server, each with its reason. Pure.

Source: Documentation/admin-guide/sysctl and Documentation/networking/ip-sysctl of the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.templates import Templates
from components.unit import Sysctl, Thing

_PATH = "/etc/sysctl.d/60-dhanman.conf"
_TEMPLATES = Templates(__file__)


@dataclass(frozen=True, kw_only=True)
class KernelParameter:
    """A sysctl with the reason for its value. ``optional``: see :class:`components.unit.Sysctl`."""

    name: str
    value: str
    reason: str
    optional: bool = False


def _needed(name: str, value: str, reason: str) -> KernelParameter:
    return KernelParameter(name=name, value=value, reason=reason)


def _where_there_is(name: str, value: str, reason: str) -> KernelParameter:
    return KernelParameter(name=name, value=value, reason=reason, optional=True)


_SERVING = (
    _needed(
        "vm.swappiness",
        "10",
        "Swap only under real pressure: a swapped-out database or .NET heap answers slowly (default 60).",
    ),
    _needed(
        "fs.inotify.max_user_instances",
        "1024",
        ".NET watches each appsettings file with an instance of its own (default 128 for a user).",
    ),
    _needed(
        "net.core.somaxconn",
        "4096",
        "Connections wait in the backlog while a service's instances are exchanged (128 on old images).",
    ),
    _needed(
        "net.ipv4.tcp_keepalive_time",
        "600",
        "Idle pooled connections to databases and brokers outlive firewalls' timers (default 7200 s).",
    ),
    _needed(
        "net.ipv4.tcp_slow_start_after_idle",
        "0",
        "Browsers' connections pause between clicks; the answer after a pause is as fast as before it.",
    ),
)

_LATER = "As above, for interfaces that come later."

_NETWORK = (
    _needed(
        "net.ipv4.conf.all.accept_redirects",
        "0",
        "A server has one gateway; a redirect would only be an attack on the route.",
    ),
    _needed("net.ipv4.conf.default.accept_redirects", "0", _LATER),
    _where_there_is("net.ipv6.conf.all.accept_redirects", "0", "As above, for IPv6."),
    _where_there_is("net.ipv6.conf.default.accept_redirects", "0", _LATER),
    _needed(
        "net.ipv4.conf.all.secure_redirects",
        "0",
        "As above, for redirects of the gateway itself, which would be taken where others are not.",
    ),
    _needed("net.ipv4.conf.default.secure_redirects", "0", _LATER),
    _needed("net.ipv4.conf.all.send_redirects", "0", "The server is no router."),
    _needed("net.ipv4.conf.default.send_redirects", "0", _LATER),
    _needed("net.ipv4.tcp_syncookies", "1", "A flood of half-open connections must not lock people out."),
    _needed(
        "net.ipv4.tcp_rfc1337",
        "1",
        "A late reset does not end the wait of a closed connection, so no old segment gets into a new one.",
    ),
    _needed(
        "net.ipv4.conf.all.accept_source_route",
        "0",
        "Nobody but an attacker says which way the answers are to take.",
    ),
    _needed("net.ipv4.conf.default.accept_source_route", "0", _LATER),
    _where_there_is("net.ipv6.conf.all.accept_source_route", "0", "As above, for IPv6."),
    _where_there_is("net.ipv6.conf.default.accept_source_route", "0", _LATER),
    _needed(
        "net.ipv4.conf.all.rp_filter",
        "1",
        "A packet whose answer would leave by another interface has a forged sender. An interface that systemd set to"
        " 2 (any interface) stays so, since the higher one counts.",
    ),
    _needed("net.ipv4.conf.default.rp_filter", "1", _LATER),
    _needed(
        "net.ipv4.conf.all.log_martians",
        "1",
        "Forged senders are told of, in the journal, which limits how often.",
    ),
    _needed("net.ipv4.conf.default.log_martians", "1", _LATER),
    _needed("net.ipv4.icmp_echo_ignore_broadcasts", "1", "The server does not help to flood another one."),
    _needed("net.ipv4.icmp_ignore_bogus_error_responses", "1", "Broken routers do not fill the journal."),
)

_CLOSED = (
    _where_there_is(
        "kernel.kptr_restrict",
        "2",
        "Addresses of the kernel help exploits alone. perf shows no names of kernel functions, for root either.",
    ),
    _where_there_is("kernel.dmesg_restrict", "1", "The kernel's messages hold addresses; root reads them."),
    _where_there_is(
        "kernel.yama.ptrace_scope",
        "1",
        "A service that was broken into can't read the memory of its neighbours with the same user. .NET's tools go"
        " on working: dumps are made by the runtime's own child, traces go over its socket; a debugger needs root.",
    ),
    _where_there_is(
        "kernel.unprivileged_bpf_disabled",
        "2",
        "Only root loads programs into the kernel. 1 could not be taken back before the next boot.",
    ),
    _where_there_is(
        "net.core.bpf_jit_harden",
        "2",
        "Constants in such programs, systemd's filters of system calls among them, are of no use to exploits.",
    ),
    _where_there_is(
        "kernel.perf_event_paranoid",
        "3",
        "Measuring the kernel is root's alone. .NET's counters and traces do not need it.",
    ),
    _where_there_is("kernel.randomize_va_space", "2", "Addresses of programs are no constants."),
    _where_there_is("kernel.sysrq", "0", "The provider's console has a button for what its keys do."),
    _where_there_is(
        "kernel.core_uses_pid",
        "1",
        "Where dumps are switched on to look for a fault, none overwrites another.",
    ),
    _where_there_is(
        "dev.tty.ldisc_autoload", "0", "Line disciplines of terminals are old, and loaded by anybody."
    ),
    _where_there_is("fs.suid_dumpable", "0", "No dump of what ran with more rights than its user."),
    _where_there_is("fs.protected_symlinks", "1", "In /tmp nobody leads root's writes elsewhere."),
    _where_there_is("fs.protected_hardlinks", "1", "Nobody links a file that they could not write."),
    _where_there_is(
        "fs.protected_fifos", "2", "In /tmp nobody lays a pipe where another one expects its file."
    ),
    _where_there_is("fs.protected_regular", "2", "As above, for files."),
)

KERNEL_PARAMETERS = (*_SERVING, *_NETWORK, *_CLOSED)


def things() -> tuple[Thing, ...]:
    """The parameters, for now and for the next boot."""
    return (
        _TEMPLATES.file(_PATH, parameters=KERNEL_PARAMETERS),
        *(Sysctl(name=p.name, value=p.value, optional=p.optional) for p in KERNEL_PARAMETERS),
    )
