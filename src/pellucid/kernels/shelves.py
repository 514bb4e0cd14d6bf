"""Machine code made for one shape: loaded when a program needs it, and not for good.

Such code has no end: every new shape may bring some. So functions stand on shelves, some hundred on each. The newest
shelves stay, for whoever comes next; of the others one is cleared once all who borrowed from it are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar
from weakref import ref

from pellucid.kernels.library import compiling, load, new_engine

Code = TypeVar("Code", bound=Hashable)
_PLACES = 256  # functions on a shelf: 2.5 MB
_NEWEST = 16  # shelves that stay in any case


class Loan:
    """What somebody has borrowed: the shelves that stay loaded for as long as this lives."""

    def __init__(self) -> None:
        self.shelves: set[_Shelf] = set()


_for_good = Loan()
_loan: ContextVar[Loan] = ContextVar("loan", default=_for_good)


@contextmanager
def borrowed() -> Iterator[Loan]:
    """Within, code is asked for on this loan; otherwise for good."""
    loan = Loan()
    token = _loan.set(loan)
    try:
        yield loan
    finally:
        _loan.reset(token)


class _Shelf:
    """Functions that are loaded one by one and leave together."""

    def __init__(self) -> None:
        self._engine = new_engine()
        self._loans: list[ref[Loan]] = []
        self.open = True
        self.count = 0

    def load(self, symbol: str, code: bytes) -> int:
        """Where the function of an object file begins."""
        self.count += 1
        return load(self._engine, symbol, code)

    def lend(self, loan: Loan) -> bool:
        """Stay for this loan; whether that did not come too late."""
        if self not in loan.shelves:
            self._loans.append(ref(loan))
            loan.shelves.add(self)
        return self.open

    def cleared(self) -> bool:
        """Unload everything unless somebody has borrowed some, and say whether that is done.

        Another thread may be about to borrow: it notes down its loan and then looks whether the shelf is open; here it
        is closed first, and then loans are looked for.
        """
        self.open = False
        self._loans = [loan for loan in self._loans if loan() is not None]
        self.open = bool(self._loans)
        if not self.open:
            self._engine.close()
        return not self.open


class Shelves(Generic[Code]):
    """Where functions begin, by what they are."""

    def __init__(self) -> None:
        self._shelves: list[_Shelf] = []
        self._places: dict[Code, tuple[_Shelf, int]] = {}

    def address(self, code: Code, file: Callable[[], tuple[str, bytes]]) -> int:
        """Where a function begins, on the loan at hand; `file` has its name and its object file."""
        known = self._known(code)
        return compiling(lambda: self._loaded(code, file)) if known is None else known

    def _known(self, code: Code) -> int | None:
        place = self._places.get(code)
        return place[1] if place and place[0].lend(_loan.get()) else None

    def _loaded(self, code: Code, file: Callable[[], tuple[str, bytes]]) -> int:
        known = self._known(code)
        if known is not None:
            return known
        symbol, content = file()
        if not self._shelves or self._shelves[-1].count >= _PLACES:
            self._clear()
            self._shelves.append(_Shelf())
        shelf = self._shelves[-1]
        address = shelf.load(symbol, content)
        shelf.lend(_loan.get())
        self._places[code] = shelf, address
        return address

    def _clear(self) -> None:
        """Unload what nobody needs, but for the newest."""
        gone = {shelf for shelf in self._shelves[:-_NEWEST] if shelf.cleared()}
        self._shelves = [shelf for shelf in self._shelves if shelf not in gone]
        for code in [code for code, (shelf, _) in list(self._places.items()) if shelf in gone]:
            del self._places[code]
