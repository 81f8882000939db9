"""A release set on its host."""

from __future__ import annotations

import json

from components.release_set.plan import release_set_unit
from components.unit import HttpCheck, Member

MEMBERS = [
    Member(service=f"dhanman-{name}-prod", version="1.0.0", mark=name) for name in ("sales", "purchase")
]


def test_the_unit_names_every_member_with_what_it_is_to_serve() -> None:
    document = json.loads(release_set_unit("prod", "billing", MEMBERS, [5006, 5005]).serialize())
    assert document["unit"] == "release-set-billing-prod"
    (thing,) = document["things"]
    assert thing["members"] == [
        {"service": "dhanman-sales-prod", "version": "1.0.0", "mark": "sales"},
        {"service": "dhanman-purchase-prod", "version": "1.0.0", "mark": "purchase"},
    ]


def test_after_the_switch_every_member_answers_on_its_port() -> None:
    checks = release_set_unit("prod", "billing", MEMBERS, [5006, 5005]).checks
    assert [check.port for check in checks if isinstance(check, HttpCheck)] == [5006, 5005]
