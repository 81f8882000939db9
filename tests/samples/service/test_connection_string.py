"""Npgsql connection strings, as Npgsql reads them."""

from __future__ import annotations

import pytest
from dhanman_sample.connection_string import libpq_arguments, parse


def test_the_form_that_the_services_use_becomes_a_login() -> None:
    text = (
        "Host=localhost;Port=5432;Database=prod-dhanman-sales;Username=dhanman_user_a;Password=word;"
        "Maximum Pool Size=15;Minimum Pool Size=1;Connection Idle Lifetime=300"
    )
    assert libpq_arguments(parse(text)) == {
        "host": "localhost",
        "port": "5432",
        "dbname": "prod-dhanman-sales",
        "user": "dhanman_user_a",
        "password": "word",
    }


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("Password='a;b=c'", "a;b=c"),
        ('Password="it\'s"', "it's"),
        ("Password='it''s'", "it's"),
        ('Password="say ""a"""', 'say "a"'),
        ("Password=a=b", "a=b"),
        (" password = spaced ; ", "spaced"),
        ("PWD=short", "short"),
        ("Password=", ""),
    ],
)
def test_a_password_is_read_with_its_quoting(text: str, password: str) -> None:
    assert parse(text)["password"] == password


@pytest.mark.parametrize("key", ["User Id", "Username", "UID", "user name"])
def test_every_name_of_the_user_is_known(key: str) -> None:
    assert libpq_arguments(parse(f"{key}=me")) == {"user": "me"}


def test_a_full_verification_of_tls_is_passed_on() -> None:
    assert libpq_arguments(parse("Host=db;SSL Mode=VerifyFull"))["sslmode"] == "verify-full"


def test_a_piece_without_a_value_is_refused_without_quoting_it() -> None:
    with pytest.raises(ValueError, match="character 8") as caught:
        parse("Host=a;sentinel")
    assert "sentinel" not in str(caught.value)
