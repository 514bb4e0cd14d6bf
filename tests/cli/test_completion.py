"""Command lines are completed: by the protocol of each shell, in the shells themselves, and without NumPy."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shellingham
import typer
from typer import _completion_shared

from pellucid.cli import completion
from pellucid.cli.app import app
from pellucid.cli.options import network_names
from pellucid.nn.models import MODELS

COMMANDS = list(typer.main.get_command(app).commands)


def program(instruction, **environment):
    """What the program says to a shell."""
    settings = os.environ | {"_PELLUCID_COMPLETE": instruction} | environment
    line = [sys.executable, "-m", "pellucid"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=settings)
    assert done.stderr == ""
    return done.stdout


def in_bash(line):
    """The words that bash is given for the last one of a line."""
    words = line.split(" ")
    return program("complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)).split()


LINES = {
    "pellucid ": COMMANDS,
    "pellucid tra": ["train"],
    "pellucid show ": ["slide", "convolution"],
    "pellucid train --mo": ["--model", "--momentum"],
    "pellucid train --model ": network_names(),
    "pellucid train --model resnet": ["resnet20", "resnet18", "resnet50"],
    "pellucid explain t": ["tiny"],
    "pellucid summary vgg": ["vgg_small", "vgg11", "vgg16"],
    "pellucid plan le": ["lenet5"],
    "pellucid warmup tiny mn": ["mnist_cnn"],
    "pellucid train --schedule c": ["constant", "cosine"],
    "pellucid summary lenet5 --lang ": ["en", "ko"],
    # The shell completes files where it is given nothing.
    "pellucid explain dig": [],
    "pellucid train --out dig": [],
    "pellucid filter pho": [],
    "pellucid predict digits.safetensors pho": [],
}


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_words_for_bash(line):
    assert in_bash(line) == LINES[line]


@pytest.mark.slow
def test_words_for_zsh_and_fish():
    """They get the help of each word, too, in the language that is spoken."""
    found = program("complete_zsh", _TYPER_COMPLETE_ARGS="pellucid filt")
    assert found == """_arguments '*: :(("filter":"Slide a kernel over a photo\\\\: blur,..."))'\n"""
    assert program("complete_zsh", _TYPER_COMPLETE_ARGS="pellucid train --out x") == "_files\n"
    asked = {"_TYPER_COMPLETE_FISH_ACTION": "get-args", "PELLUCID_LANG": "ko"}
    found = program("complete_fish", _TYPER_COMPLETE_ARGS="pellucid filt", **asked)
    assert found == "filter\t사진에 커널을 적용하여 흐리게 하거나 선명하게 하거나 윤곽선을 찾습니다.\n"


def test_names_are_those_of_the_networks():
    assert sorted(network_names()) == sorted(MODELS)


def test_no_path_is_completed_by_itself():
    """By no option or argument of any command, whatever it takes: so the shell completes it."""
    open_ = [typer.main.get_command(app)]
    for command in open_:
        open_ += getattr(command, "commands", {}).values()
        with typer.Context(command) as context:
            for param in command.get_params(context):
                assert "dig" not in [item.value for item in param.shell_complete(context, "dig")], param.name
    assert len(open_) > 13


@pytest.mark.slow
def test_completion_needs_neither_numpy_nor_rich():
    code = """
import os, sys
os.environ.update(COMP_WORDS="pellucid train --model le", COMP_CWORD="3", _PELLUCID_COMPLETE="complete_bash")
from pellucid.cli import main
try:
    main([])
finally:
    print([name for name in ("numpy", "rich", "PIL", "llvmlite", "numba") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "lenet5\n[]\n"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, a folder with a photo to be in, and a `pellucid` that completes as ours does and else tells its words."""
    for name in ("bin", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / "photo.png").touch()
    ours = tmp_path / "bin" / "pellucid"
    tells = 'printf "<%s>" "$@"; echo .'
    ours.write_text(
        f'#!/bin/sh\nif [ "$_PELLUCID_COMPLETE" ]; then exec "{sys.executable}" -m pellucid; fi\n{tells}\n'
    )
    ours.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ours.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("ZDOTDIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def installed(run, monkeypatch, shell):
    """Install the script for a shell, or leave the test out where there is no such shell."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    monkeypatch.setattr(shellingham, "detect_shell", lambda: (shell, f"/bin/{shell}"))
    code, out, err = run("--install-completion")
    assert (code, err) == (0, "")
    path = Path(out.rpartition(" ")[2].strip())
    assert out == f"{shell} completes commands in new terminals; the code for that is in {path}\n"
    code, shown, _ = run("--show-completion")
    assert code == 0
    assert shown.strip() == path.read_text().strip()


def typed(command, keys):
    """What a shell with a terminal of its own tells when keys are pressed, up to the first dot behind a `>`."""
    import pty

    pid, terminal = pty.fork()
    if not pid:
        os.execvp(command[0], command)
    said = b""
    try:
        for awaited, answer in ((b"ready", keys.encode()), (b">.", b"")):
            while awaited not in said:
                assert select.select([terminal], [], [], 100)[0], said
                said += os.read(terminal, 1 << 12)
            os.write(terminal, answer)
    finally:
        os.close(terminal)  # hangs up
        os.waitpid(pid, 0)
    return said.decode()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no terminals of that kind")
@pytest.mark.parametrize("keys", ["pellucid tra\t--out pho\t", "pellucid train --out pho\t"])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_in_a_shell(shell, keys, home, run, monkeypatch):
    """A command and a file are completed as somebody types them."""
    installed(run, monkeypatch, shell)
    prompt = {"bash": ".bashrc", "zsh": ".zshrc"}[shell]
    with (home / prompt).open("a") as file:
        file.write("\nPS1=ready; skip_global_compinit=1\n")
    said = typed([shell, "-i"], f"{keys}\n")
    assert "<train><--out><photo.png>." in said


@pytest.mark.slow
def test_in_fish(home, run, monkeypatch):
    installed(run, monkeypatch, "fish")
    line = ["fish", "-c", "complete -C 'pellucid tra'; complete -C 'pellucid train --out pho'"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("train\tTrain a network;")
    assert second == "photo.png"


def test_a_shell_without_completion(run, monkeypatch):
    def unknown():
        raise shellingham.ShellDetectionFailure

    for found, got in ((unknown, "no shell"), (lambda: ("pwsh", "/bin/pwsh"), "pwsh")):
        monkeypatch.setattr(shellingham, "detect_shell", found)
        for option in ("--install-completion", "--show-completion"):
            message = f"there is no completion for this shell. Expected bash, zsh, fish. Got {got}. "
            hint = "Hint: `_PELLUCID_COMPLETE=source_bash pellucid` prints the code for bash."
            assert run(option) == (2, "", f"error: pellucid: {message}{hint}\n")


def test_settings_that_cannot_be_read(run, monkeypatch, tmp_path):
    """They stay as they are."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("bash", "/bin/bash"))
    (tmp_path / ".bashrc").write_bytes(b"\xff\xfe")
    code, out, err = run("--install-completion")
    assert (code, out) == (2, "")
    assert err.startswith(
        "error: --install-completion: the shell's settings cannot be read. Got 'utf-8' codec"
    )
    assert (tmp_path / ".bashrc").read_bytes() == b"\xff\xfe"


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_without_a_shell(shell):
    script = _completion_shared.get_completion_script(**completion._PROGRAM, shell=shell)
    assert program(f"source_{shell}").strip() == script
