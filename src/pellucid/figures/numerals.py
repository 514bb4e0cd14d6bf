"""Numbers and sums of products as short text."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose


def numeral(value: float) -> str:
    """A number in three digits; whole numbers below a million in full.

    Example:
        >>> numeral(19.0), numeral(-0.12345), numeral(123456.0), numeral(2e9)
        ('19', '−0.123', '123456', '2e+09')
    """
    whole = float(value).is_integer() and abs(value) < 1e6
    return (str(int(value)) if whole else f"{value:.3g}").replace("-", "−")


def equation(products: Iterable[tuple[float, float]], total: float) -> list[str]:
    """A sum of products and its value, in pieces between which a line may end.

    Example:
        >>> " ".join(equation([(0, 0), (1, 1), (2, 3), (3, 4)], 19))
        '0×0 + 1×1 + 2×3 + 3×4 = 19'
        >>> " ".join(equation([(1, -4), (1 / 3, 1)], -4 + 1 / 3)), " ".join(equation([], 0))
        ('1×(−4) + 0.333×1 ≈ −3.67', '0')
    """
    products = list(products)
    if not products:
        return [numeral(total)]
    terms = [f"{_factor(left)}×{_factor(right)}" for left, right in products]
    rounded = not all(map(_written_in_full, [total, *(factor for pair in products for factor in pair)]))
    return [*(f"{term} +" for term in terms[:-1]), terms[-1], f"{'≈' if rounded else '='} {numeral(total)}"]


def lines(pieces: Iterable[str], width: int) -> list[str]:
    """Pieces one after the other, as many on a line as fit into `width` characters.

    Example:
        >>> lines(["1×2 +", "3×4 +", "5×6", "= 44"], 12)
        ['1×2 + 3×4 +', '5×6 = 44']
    """
    found: list[str] = []
    for piece in pieces:
        if found and len(found[-1]) + 1 + len(piece) <= width:
            found[-1] += f" {piece}"
        else:
            found.append(piece)
    return found


def _factor(value: float) -> str:
    return f"({numeral(value)})" if value < 0 else numeral(value)


def _written_in_full(value: float) -> bool:
    return isclose(float(numeral(value).replace("−", "-")), value, rel_tol=1e-9, abs_tol=1e-12)
