"""Controls of https://github.com/dev-sec/linux-baseline 2.10.0 on parameters of the kernel."""

from __future__ import annotations

import pytest

from audit.baselines.facts import Facts, control

_PARAMETERS: dict[tuple[str, str], dict[str, str]] = {
    ("sysctl-01", "IPv4 is not forwarded"): {
        "net.ipv4.ip_forward": "0",
        "net.ipv4.conf.all.forwarding": "0",
    },
    ("sysctl-02", "forged senders are dropped"): {
        "net.ipv4.conf.all.rp_filter": "1",
        "net.ipv4.conf.default.rp_filter": "1",
    },
    ("sysctl-03", "bogus ICMP errors are ignored"): {"net.ipv4.icmp_ignore_bogus_error_responses": "1"},
    ("sysctl-04", "pings to everybody are ignored"): {"net.ipv4.icmp_echo_ignore_broadcasts": "1"},
    ("sysctl-05", "ICMP answers are 100 ms apart"): {"net.ipv4.icmp_ratelimit": "100"},
    ("sysctl-06", "which ICMP answers are limited"): {"net.ipv4.icmp_ratemask": "88089"},
    ("sysctl-07", "TCP has no timestamps"): {"net.ipv4.tcp_timestamps": "0"},
    ("sysctl-08", "ARP answers for the interface's own address"): {"net.ipv4.conf.all.arp_ignore": "1 2"},
    ("sysctl-09", "ARP announces the best address"): {"net.ipv4.conf.all.arp_announce": "2"},
    ("sysctl-10", "closed connections are not assassinated"): {"net.ipv4.tcp_rfc1337": "1"},
    ("sysctl-11", "a flood of half-open connections is survived"): {"net.ipv4.tcp_syncookies": "1"},
    ("sysctl-12", "networks on one medium are taken as such"): {
        "net.ipv4.conf.all.shared_media": "1",
        "net.ipv4.conf.default.shared_media": "1",
    },
    ("sysctl-13", "senders choose no route"): {
        "net.ipv4.conf.all.accept_source_route": "0",
        "net.ipv4.conf.default.accept_source_route": "0",
        "net.ipv6.conf.all.accept_source_route": "0",
        "net.ipv6.conf.default.accept_source_route": "0",
    },
    ("sysctl-14", "no IPv4 redirect is accepted"): {
        "net.ipv4.conf.all.accept_redirects": "0",
        "net.ipv4.conf.default.accept_redirects": "0",
    },
    ("sysctl-15", "no redirect of a gateway is accepted"): {
        "net.ipv4.conf.all.secure_redirects": "0",
        "net.ipv4.conf.default.secure_redirects": "0",
    },
    ("sysctl-16", "no redirect is sent"): {
        "net.ipv4.conf.all.send_redirects": "0",
        "net.ipv4.conf.default.send_redirects": "0",
    },
    ("sysctl-17", "impossible senders are logged"): {
        "net.ipv4.conf.all.log_martians": "1",
        "net.ipv4.conf.default.log_martians": "1",
    },
    ("sysctl-19", "IPv6 is not forwarded"): {"net.ipv6.conf.all.forwarding": "0"},
    ("sysctl-20", "no IPv6 redirect is accepted"): {
        "net.ipv6.conf.all.accept_redirects": "0",
        "net.ipv6.conf.default.accept_redirects": "0",
    },
    ("sysctl-21", "no IPv6 router is asked for"): {
        "net.ipv6.conf.all.router_solicitations": "0",
        "net.ipv6.conf.default.router_solicitations": "0",
    },
    ("sysctl-22", "routers do not say which of them is preferred"): {
        "net.ipv6.conf.default.accept_ra_rtr_pref": "0"
    },
    ("sysctl-23", "routers do not say which prefixes there are"): {
        "net.ipv6.conf.default.accept_ra_pinfo": "0"
    },
    ("sysctl-24", "routers do not make themselves the way out"): {
        "net.ipv6.conf.default.accept_ra_defrtr": "0"
    },
    ("sysctl-25", "routers are not listened to"): {
        "net.ipv6.conf.all.accept_ra": "0",
        "net.ipv6.conf.default.accept_ra": "0",
    },
    ("sysctl-26", "no IPv6 address makes itself"): {
        "net.ipv6.conf.all.autoconf": "0",
        "net.ipv6.conf.default.autoconf": "0",
    },
    ("sysctl-27", "neighbours are not asked for a twin of an address"): {
        "net.ipv6.conf.default.dad_transmits": "0"
    },
    ("sysctl-28", "an interface has one IPv6 address"): {"net.ipv6.conf.default.max_addresses": "1"},
    ("sysctl-29", "modules may be loaded"): {"kernel.modules_disabled": "0"},
    ("sysctl-30", "no key has magic"): {"kernel.sysrq": "0"},
    ("sysctl-31a", "what runs with lent powers is not dumped"): {"fs.suid_dumpable": "0 2"},
    ("sysctl-32", "addresses of programs are no constants"): {"kernel.randomize_va_space": "2"},
    ("sysctl-34", "links, pipes and files in shared folders are no traps"): {
        "fs.protected_fifos": "1 2",
        "fs.protected_hardlinks": "1",
        "fs.protected_regular": "2",
        "fs.protected_symlinks": "1",
    },
    ("sysctl-35", "only root looks into other processes"): {"kernel.yama.ptrace_scope": "2 3"},
}
"""By control: parameters, with the values that are right."""


@pytest.mark.parametrize(
    "wanted",
    [pytest.param(wanted, marks=control(*which), id=which[0]) for which, wanted in _PARAMETERS.items()],
)
def test_the_kernel_has_these_values(facts: Facts, wanted: dict[str, str]) -> None:
    found = {name: facts.kernel_parameter(name) for name in wanted}
    assert {name: value for name, value in found.items() if value not in wanted[name].split()} == {}


@control("sysctl-33")
def test_the_processor_runs_no_data_as_a_program(facts: Facts) -> None:
    assert "nx" in facts.said("grep --max-count=1 '^flags' /proc/cpuinfo").split()
