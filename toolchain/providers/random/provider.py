"""Stand-in for pulumi-random: passwords, bytes, strings, ids, pet names and uuids."""

from __future__ import annotations

from toolchain.providers.random.resources import (
    RandomBytes,
    RandomId,
    RandomPassword,
    RandomPet,
    RandomString,
    RandomUuid,
)
from toolchain.providers.servicer import Provider


class RandomProvider(Provider):
    """The provider `random`: no configuration; like the official one it takes secrets as plain values."""

    accepts_secrets = False
    types = {
        "random:index/randomPassword:RandomPassword": RandomPassword,
        "random:index/randomBytes:RandomBytes": RandomBytes,
        "random:index/randomString:RandomString": RandomString,
        "random:index/randomId:RandomId": RandomId,
        "random:index/randomPet:RandomPet": RandomPet,
        "random:index/randomUuid:RandomUuid": RandomUuid,
    }
