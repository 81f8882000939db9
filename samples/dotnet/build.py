#!/usr/bin/env python3
"""Build the ASP.NET Core sample and the runtime that it needs, without a .NET installation.

    python3 samples/dotnet/build.py [--assembly Dhanman.Sales]

prints one JSON object: path and SHA-256 of ``artifact`` (the program) and of ``runtime`` (a folder with
``dotnet`` in it and OpenSSL 1.1 in ``lib/``), and how to run the one with the other.
"""

from __future__ import annotations

import sys

from dotnet_sample.builder import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
