"""Where recordings come from: a program after its run, or a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pellucid.engine.buffers import External
from pellucid.errors import ArgumentError
from pellucid.explain.address import nameable
from pellucid.explain.catalogue import Listed, Update, catalogue
from pellucid.explain.files.storage import read_recording
from pellucid.explain.recording import Recording
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
    listed: dict[str, Listed] = {}
    for found in catalogue(program.plan, aliases, update):
        name = found.entry.name
        if name in listed:
            rule = "two arrays of a recording cannot have the same name"
            raise ArgumentError("record", rule, got=f"'{name}'", hint="rename the model's attribute")
        listed[name] = found
    for name in (*listed, *aliases.values()):
        if not nameable(name):
            rule = "names of layers and parameters must be printable, short and without brackets"
            raise ArgumentError("record", rule, got=f"{name!r}"[:80], hint="rename the model's attribute")
    recording = Recording(
        [found.entry for found in listed.values()],
        lambda name: listed[name].read(),
        aliases,
        commit,
        program.plan.setting.algorithm,
    )
    recording.keep(program, [name for name, found in listed.items() if isinstance(found.block, External)])
    return recording
