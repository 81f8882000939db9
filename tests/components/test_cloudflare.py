"""What is imported of the SDK, in a process of its own: here others may have imported all of it."""

from __future__ import annotations

import subprocess
import sys


def run(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_what_is_not_used_of_the_sdk_is_not_imported() -> None:
    run(
        "import sys; from components import cloudflare\n"
        "assert 'pulumi_cloudflare.dns_record' in sys.modules\n"
        "assert not {'pulumi_cloudflare', 'pulumi_cloudflare.zone'} & set(sys.modules)"
    )


def test_who_imports_the_package_later_gets_it_whole_with_the_same_classes() -> None:
    run(
        "from components import cloudflare\n"
        "import pulumi_cloudflare\n"
        "assert pulumi_cloudflare.Zone\n"
        "assert all(getattr(pulumi_cloudflare, n) is getattr(cloudflare, n) for n in cloudflare.__all__)"
    )


def test_where_the_package_is_there_already_nothing_is_imported_twice() -> None:
    run(
        "import sys, pulumi_cloudflare\n"
        "from components import cloudflare\n"
        "assert sys.modules['pulumi_cloudflare'] is pulumi_cloudflare\n"
        "assert cloudflare.DnsRecord is pulumi_cloudflare.DnsRecord"
    )
