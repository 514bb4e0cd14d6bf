"""`import pellucid` loads nothing until something is asked for, and Ctrl-C meanwhile ends a command without a word."""

from __future__ import annotations

import importlib.metadata
import pickle
import subprocess
import sys

import pytest

import pellucid as pc
from pellucid import nn

HEAVY = ("numpy", "PIL", "llvmlite", "numba", "typer", "matplotlib", "sklearn")


def python(code, *flags):
    return subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=False)


def test_importing_loads_nothing():
    code = f"import sys, pellucid, pellucid.cli; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code).stdout == "[]\n"


def test_every_name_is_there():
    names = dir(pc)
    assert names == sorted(set(names))
    assert {"Conv2d", "TrainStep", "NumericError", "datasets", "figures", "check_gradient"} <= set(names)
    kinds = {name: kind for name in nn.__all__ if isinstance(kind := getattr(nn, name), type)}
    layers = {name for name, kind in kinds.items() if issubclass(kind, nn.Module)}
    assert layers - set(names) == set(), "__init__.pyi lacks them"
    everything: dict[str, object] = {}
    exec("from pellucid import *", everything)
    assert set(names) <= set(everything)
    assert all(everything[name] is getattr(pc, name) for name in names)
    assert repr(pickle.loads(pickle.dumps(pc.Conv2d(1, 2, 3)))) == repr(pc.Conv2d(1, 2, 3))


def test_rooms_are_attributes_and_nothing_else_is():
    assert python("import pellucid; print(pellucid.nn.Linear.__name__)").stdout == "Linear\n"
    for name in ("nothing", "_nothing", "__main__"):
        with pytest.raises(AttributeError, match=f"^module 'pellucid' has no attribute '{name}'$"):
            getattr(pc, name)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize(
    "module", ["signal", "typer", "rich", "pellucid.cli.app", "pellucid.cli.train", "numpy", "llvmlite"]
)
def test_ctrl_c_while_modules_are_loaded(module):
    """It comes just when a module begins to be imported, first by the command line, then by the command."""
    code = f"""
import os, signal, sys
from pellucid.cli import main

class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

del sys.modules["signal"]
sys.meta_path.insert(0, Finder())
sys.argv = ["pellucid", "certify", "lenet5"]
main()
"""
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_version_is_that_of_the_package():
    assert pc.__version__ == importlib.metadata.version("pellucid")
