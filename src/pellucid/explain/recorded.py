"""Where recordings come from: a program after its run, or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pellucid.engine.buffers import Block, External
from pellucid.errors import ArgumentError
from pellucid.explain.address import nameable
from pellucid.explain.catalogue import Update, catalogue, read
from pellucid.explain.files.storage import read_recording
from pellucid.explain.recording import Recording
from pellucid.explain.source import Entry
from pellucid.formats.container import FilePath

if TYPE_CHECKING:  # importing the plan imports LLVM
    from pellucid.engine.program import Program


def load_recording(path: FilePath) -> Recording:
    """Read a recording that `Recording.save` wrote. It explains and certifies as the original does.

    The file is not trusted: it can name only ops of this package, and every name, shape and fact in it must be what a
    run of the network that it describes has.

    Raises: FormatError when the file is missing, too large, or not a recording.
    """
    entries, arrays, aliases, algorithm = read_recording(path)
    return Recording(entries, arrays.__getitem__, aliases, None, algorithm, loaded=True)


def recording_of(
    program: Program,
    aliases: Mapping[str, str],
    update: Update | None = None,
    commit: Callable[[], None] | None = None,
) -> Recording:
    """The recording of a program whose plan keeps every tensor, after its run; it is its only user from now on."""
    listed: dict[str, tuple[Entry, Block]] = {}
    for entry, block in catalogue(program.plan, aliases, update):
        if entry.name in listed:
            rule = "two arrays of a recording cannot have the same name"
            raise ArgumentError("record", rule, got=f"'{entry.name}'", hint="rename the model's attribute")
        listed[entry.name] = entry, block
    for name in (*listed, *aliases.values()):
        if not nameable(name):
            rule = "names of layers and parameters must be printable, short and without brackets"
            raise ArgumentError("record", rule, got=f"{name!r}"[:80], hint="rename the model's attribute")
    recording = Recording(
        [entry for entry, _ in listed.values()],
        lambda name: read(*listed[name]),
        aliases,
        commit,
        program.plan.setting.algorithm,
    )
    recording.keep(program, [name for name, (_, block) in listed.items() if isinstance(block, External)])
    return recording
