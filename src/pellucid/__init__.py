"""Pellucid: convolutional networks that you can see through, trained on the CPU.

Nothing is imported before it is asked for. The names, and the modules that they live in, stand in `__init__.pyi`.
"""

from functools import cache
from importlib import import_module

__version__ = "0.1.0"
TYPE_CHECKING = False  # as type checkers know it; the module that has it takes milliseconds
if TYPE_CHECKING:
    from typing import Any


@cache
def _homes() -> dict[str, str]:
    """The module of every public name."""
    with open(f"{__file__.removesuffix('.py')}.pyi", encoding="utf-8") as file:
        lines = [line.split() for line in file if line.startswith("from ")]
    return {words[-1]: words[1] for words in lines}  # from <module> import <name> as <name>


def __getattr__(name: str) -> "Any":
    if name == "__all__":
        return __dir__()
    home = _homes().get(name, __name__)
    if home != __name__:
        value = globals()[name] = getattr(__import__(home, fromlist=[name]), name)
        return value
    room = f"{__name__}.{name}"
    try:
        if not name.startswith("_"):
            return import_module(room)
    except ModuleNotFoundError as error:
        if error.name != room:
            raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_homes())
