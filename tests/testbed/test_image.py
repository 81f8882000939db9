from __future__ import annotations

from pathlib import Path

import pytest

from testbed import apt
from testbed.errors import TestbedError
from testbed.image import PACKAGES, Recipe, debootstrap_command

SETTINGS = apt.AptSettings(
    mirror="http://a/debian", security_mirror="http://a/sec", options=('Acquire::Check-Date "false";',)
)


def _recipe(certificates: tuple[str, ...] = ()) -> Recipe:
    return Recipe(suite="trixie", settings=SETTINGS, certificates=certificates)


def test_a_bare_server_has_no_python() -> None:
    assert not [name for name in PACKAGES if name.startswith("python")]


def test_another_certificate_authority_makes_another_image() -> None:
    assert _recipe().digest != _recipe(("a certificate\n",)).digest
    assert _recipe().digest == _recipe().digest


def test_the_image_is_unpacked_with_this_machines_mirror_and_options() -> None:
    command = debootstrap_command(_recipe(), Path("/cache/root"))
    assert command[0] == "mmdebstrap"
    assert '--aptopt=Acquire::Check-Date "false";' in command
    assert command[-5:] == ["trixie", "/cache/root", *SETTINGS.sources("trixie")]


def test_an_unknown_suite_names_the_known_ones() -> None:
    with pytest.raises(TestbedError, match="choose one of forky, trixie, bookworm"):
        Recipe.here("buster")
