"""Requests to an S3 server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hostctl.s3 import Answer, S3Error, Server
from tests.hostctl.storage_server import ROOT, Storage, storage_server

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    with storage_server(tmp_path) as made:
        yield made


def test_a_signature_is_the_one_of_aws_s_own_example(monkeypatch: pytest.MonkeyPatch) -> None:
    # "Signature Calculations for the Authorization Header", example "GET Object"
    class Example(Server):
        @property
        def host(self) -> str:
            return "examplebucket.s3.amazonaws.com"

    server = Example(access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    at = time.strptime("20130524T000000Z", "%Y%m%dT%H%M%SZ")
    monkeypatch.setattr(time, "gmtime", lambda: at)
    headers = {"Range": "bytes=0-9", "x-amz-content-sha256": EMPTY}
    signed = server._signed("GET", "/test.txt", "", headers)
    assert signed["authorization"].endswith(
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_the_server_s_own_word_for_a_refusal_is_told(storage: Storage) -> None:
    wrong = Server(port=storage.port, access_key=ROOT[0], secret_key="another")
    with pytest.raises(S3Error, match="SignatureDoesNotMatch") as caught:
        wrong.ask("GET", "/")
    assert (caught.value.status, caught.value.code) == (403, "SignatureDoesNotMatch")


def test_a_unix_socket_is_asked_like_a_port(storage: Storage) -> None:
    storage.users["somebody"] = "secret"
    server = Server(socket=storage.socket, access_key=ROOT[0], secret_key=ROOT[1])
    assert server.ask("PATCH", "/list-users").values("Access") == ["somebody"]


def test_a_server_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError):
        Server(port=1, access_key="a", secret_key="b").ask("GET", "/")


def test_an_answer_is_read_by_names_in_whatever_namespace() -> None:
    body = (
        b'<L xmlns="http://x/"><Version><Key>a</Key><Id>1</Id></Version><Version><Key>b</Key></Version></L>'
    )
    answer = Answer(200, {}, body)
    assert answer.values("Key") == ["a", "b"]
    assert answer.rows("Version") == [{"Key": "a", "Id": "1"}, {"Key": "b"}]
