"""Fixtures of the tests, most of them for the command line."""

from __future__ import annotations

import pytest
from tests.support.command_line import said

from pellucid.cli import main
from pellucid.formats import save_model
from pellucid.nn import seed
from pellucid.nn.models import lenet5


@pytest.fixture
def run(capsys):
    """Run a command line in this process: (exit code, stdout, stderr)."""

    def run_line(*arguments):
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return end.value.code, out, said(err)

    return run_line


@pytest.fixture
def saved(tmp_path):
    """The file of a lenet5 with fresh weights."""
    seed(0)
    path = tmp_path / "lenet5.safetensors"
    save_model(path, "lenet5", {}, lenet5())
    return path
