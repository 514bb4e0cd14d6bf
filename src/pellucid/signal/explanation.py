"""One number of a convolution or correlation, written out: which element of f times which of g."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pellucid.language import text
from pellucid.sizes import Index

_SHOWN = 12  # products that the text lists


@dataclass(frozen=True)
class Product:
    """One element of f times one of g. Indices are counted from 0."""

    f_index: Index
    f: float
    g_index: Index
    g: float

    @property
    def value(self) -> float:
        """The product; for integers exact."""
        return self.f * self.g

    def __str__(self) -> str:
        left, right = _number(self.f), _number(self.g)
        names = f"f[{_listed(self.f_index)}]·g[{_listed(self.g_index)}]"
        return f"{names} = {left}·{right} = {self.value}"


@dataclass(frozen=True)
class Explanation:
    """How one number came about.

    Attributes:
        flipped: True for convolution, which reads g backwards, False for correlation.
        index: where the number stands in the result.
        position: where it stands in the full result, of which modes "same" and "valid" are parts.
        kernel: the shape of g.
        value: the sum of the products: the number itself where it was summed so.
        terms: the products, by ascending index of f.
        number: what stands in the result; by Fourier transforms its last digits may be others.
    """

    flipped: bool
    index: Index
    position: Index
    kernel: Index
    value: float
    terms: tuple[Product, ...]
    number: float

    @property
    def exact(self) -> Fraction:
        """The sum of the products without any rounding, of finite numbers."""
        return sum((Fraction(term.f) * Fraction(term.g) for term in self.terms), Fraction())

    @property
    def formula(self) -> str:
        """The sum with this position put in, counted from 0."""
        return f"Σ_z f[z]·g[{self._other(0)}]"

    @property
    def formula_from_one(self) -> str:
        """The same sum as textbooks count, from 1."""
        return f"Σ_z f_z·g_({self._other(1)})"

    def _other(self, first: int) -> str:
        """The index of g as a function of z, where counting begins with `first`."""
        if self.flipped:
            rest = [x + 2 * first for x in self.position]  # z + k is this, wherever counting begins
            return f"{_tuple(rest)}−z"
        shift = [m - 1 - x for x, m in zip(self.position, self.kernel, strict=True)]
        if len(shift) > 1:
            return f"z+({_listed(shift)})"
        return f"z{shift[0]:+d}".replace("-", "−") if any(shift) else "z"

    def text(self, lang: str | None = None) -> str:
        """All of it in a language, "en" or "ko"; None for the default.

        Raises: ArgumentError for a language that the catalogue does not have.
        """
        name = "f*g" if self.flipped else "f⋆g"
        lines = [f"[{name}][{_listed(self.index)}] = {self.formula} = {_number(self.value)}"]
        lines += [f"  {term}" for term in self.terms[:_SHOWN]]
        pairs = [(_subscript(term.f_index), _subscript(term.g_index)) for term in self.terms[:_SHOWN]]
        written = [f"f_{z}·g_{k}" for z, k in pairs]
        if len(self.terms) > _SHOWN:
            lines.append("  " + text("signal.more", lang, count=len(self.terms) - _SHOWN))
            written.append("…")
        formula = f"[{name}]_{_subscript(self.index)} = {self.formula_from_one} = {' + '.join(written)}"
        if self.number != self.value:
            lines.append(
                text("signal.by_fft", lang, number=self.number, difference=abs(self.number - self.value))
            )
        lines.append(text("signal.flip", lang) if self.flipped else text("signal.no_flip", lang))
        lines.append(text("signal.from_one", lang, formula=formula))
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def _number(value: float) -> str:
    return f"({value})" if value < 0 else str(value)


def _listed(index: Index | list[int]) -> str:
    return ",".join(str(i) for i in index)


def _tuple(index: list[int]) -> str:
    return _listed(index) if len(index) == 1 else f"({_listed(index)})"


def _subscript(index: Index) -> str:
    """An index as textbooks write it, counted from 1."""
    return _tuple([i + 1 for i in index])
