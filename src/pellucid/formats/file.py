"""Files that appear complete or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pellucid.errors import FormatError


def write_whole(where: str, path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write the parts beside the file and rename, so that a crash leaves the old file or the new one.

    Raises: FormatError, as from `where`, when the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        try:
            with temporary.open("xb") as file:
                for part in parts:
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise FormatError(where, "the file cannot be written", got=str(error)) from None
