"""Which versions are used, and the digests that downloads are held to."""

from __future__ import annotations

PYTHON = (3, 11)

# The CLI that is downloaded or built. The SDK in requirements.txt may be newer: it carries its own checks.
PULUMI = "3.259.0"

# An installed CLI from this version on is used as it is.
PULUMI_MINIMUM = "3.200.0"

# Digests of the release's files, as published in https://github.com/pulumi/homebrew-tap (Formula/pulumi.rb).
PULUMI_SHA256 = {
    "linux-x64": "94ba357acac23d01474084c4b00098dc0f7bc70ce13f34c777459254a5f718e5",
    "linux-arm64": "edc8327463a72160bb36cf82cf5062da9c8a244290a706d9980988e7bf486853",
    "darwin-x64": "eaca4c3b8277bfa3ab061fa3b270d1c66358a0b2e613da8c5587a04b7226c534",
    "darwin-arm64": "57c27f179e527e2cf9f62b841a448af72a020e44b2fb4ee0d9bd85556c00c864",
}

# The last SDK module that carries the Python language host; pinned by toolchain/language-python/go.sum.
LANGUAGE_HOST_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST_PACKAGE = f"{LANGUAGE_HOST_MODULE}/python/cmd/pulumi-language-python"
PULUMI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
PULUMI_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"

# Plugins whose resource types this project uses, at the versions of the SDK packages in requirements.txt
# (a test compares them).
PLUGINS = {"command": "1.2.1", "random": "4.21.4", "cloudflare": "6.23.1"}

STACKS = ("local", "qa", "prod")
