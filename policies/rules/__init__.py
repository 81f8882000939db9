"""The rules. Each is a pure function from a stack's resources to what is wrong with them."""

from __future__ import annotations

from policies.rules.commands import command_texts_are_fixed, host_key_is_checked, units_travel_as_secrets
from policies.rules.data import backups_are_kept_long_enough, data_is_protected, every_database_is_backed_up
from policies.rules.environments import environments_are_apart
from policies.rules.memory import memory_fits_the_host, memory_is_limited
from policies.rules.names import every_public_name_has_a_certificate, no_name_is_http_only
from policies.rules.ports import no_internal_port_is_public
from policies.rules.releases import artifacts_are_pinned
from policies.rules.secrets import no_password_is_a_default, nothing_secret_is_plain
from policies.stack import Rule, Stack

RULES: tuple[Rule, ...] = (
    host_key_is_checked,
    nothing_secret_is_plain,
    units_travel_as_secrets,
    command_texts_are_fixed,
    no_password_is_a_default,
    data_is_protected,
    every_database_is_backed_up,
    backups_are_kept_long_enough,
    no_internal_port_is_public,
    every_public_name_has_a_certificate,
    no_name_is_http_only,
    memory_is_limited,
    memory_fits_the_host,
    artifacts_are_pinned,
    environments_are_apart,
)


def check(stack: Stack) -> list[str]:
    """Everything that breaks a rule, one line each."""
    return [str(breach) for rule in RULES for breach in rule(stack)]
