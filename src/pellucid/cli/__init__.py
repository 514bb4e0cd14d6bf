"""The `pellucid` command. One file is one command: it parses, calls and prints, and computes nothing."""

from pellucid.cli.app import main

__all__ = ["main"]
