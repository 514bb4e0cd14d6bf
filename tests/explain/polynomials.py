"""Formulas multiplied out: polynomials, with fractions as coefficients, in names and in what is not multiplied out.

What is not: functions, roots and powers with other exponents than whole numbers, sums in a denominator. Sums are
linear, so Σ itself is left out, and so are indices.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache

Polynomial = dict[tuple[tuple[str, Fraction], ...], Fraction]


@cache
def polynomial(text: str) -> Polynomial:
    """A formula's right side, or the name of a factor."""
    return _Parser(text).all()


def plus(p: Polynomial, q: Polynomial, sign: int = 1) -> Polynomial:
    found = {m: p.get(m, Fraction(0)) + sign * q.get(m, Fraction(0)) for m in [*p, *q]}
    return {m: c for m, c in found.items() if c}


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    found: Polynomial = {}
    for m, c in p.items():
        for n, d in q.items():
            powers: dict[str, Fraction] = {}
            for atom, power in (*m, *n):
                powers[atom] = powers.get(atom, Fraction(0)) + power
            key = tuple(sorted((a, e) for a, e in powers.items() if e))
            found[key] = found.get(key, Fraction(0)) + c * d
    return {m: c for m, c in found.items() if c}


def _atom(name: str, power: int = 1) -> Polynomial:
    return {((name, Fraction(power)),): Fraction(1)}


def _over(p: Polynomial) -> Polynomial:
    """1/p; a sum stays together."""
    if len(p) == 1:
        ((monomial, c),) = p.items()
        return {tuple((a, -e) for a, e in monomial): 1 / c}
    return _atom(f"({_written(p)})", -1)


def _written(p: Polynomial) -> str:
    return " + ".join(f"{c}·{'·'.join(f'{a}^{e}' for a, e in m)}" for m, c in sorted(p.items()))


_TOKEN = re.compile(
    r"\s*(s⁻ᵝ⁻¹|s⁻ᵝ|log Σ exp|Σ(?:_\{[^}]*\}|_\w)?|\d+(?:\.\d+)?|½|\[[^\[\]]*(?:\[[^\]]*\])?[^\[\]]*\]|[+−·/^(),√²³]"
    r"|[^\W\d][\w′]*)"
)


_LOGARITHM = re.compile(r"log softmax\(input\)(\[[^\[\]]*(\[[^\]]*\])?\])?")


class _Parser:
    """By recursive descent: sums of products of powers of factors."""

    def __init__(self, text: str) -> None:
        text = re.sub(r" − max \w+", "", text.replace("-", "−"))  # of softmax: it cancels
        text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
        text = re.sub(r"power [\d.−]+\((\w+)\)", r"\1ᵖ", text).replace("ᵖ", "^p")
        text = _LOGARITHM.sub("(input − log Σ exp(input))", text)
        self.tokens = [t.strip() for t in _TOKEN.findall(text)]
        assert "".join(self.tokens).replace(" ", "") == text.replace(" ", ""), (text, self.tokens)
        self.at = 0

    def all(self) -> Polynomial:
        found = self.sum()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return found

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self) -> Polynomial:
        total: Polynomial = {}
        sign = 1
        if self.next == "−":
            self.take()
            sign = -1
        total = plus(total, self.product(), sign)
        while self.next in ("+", "−"):
            sign = 1 if self.take() == "+" else -1
            total = plus(total, self.product(), sign)
        return total

    def product(self) -> Polynomial:
        if self.next.startswith("Σ"):
            self.take()
            return self.product()
        found = self.power()
        while self.next in ("·", "/") or self.next == "(":
            operator = self.take() if self.next != "(" else "·"
            if self.next.startswith("Σ"):
                self.take()
                rest = self.product()
                found = times(found, rest if operator == "·" else _atom(f"Σ({_written(rest)})", -1))
                continue
            factor = self.power()
            found = times(found, factor if operator == "·" else _over(factor))
        return found

    def power(self) -> Polynomial:
        found = self.factor()
        while self.next in ("^", "²", "³"):
            sign = self.take()
            if sign in ("²", "³"):
                once = found
                for _ in range("²³".index(sign) + 1):
                    found = times(found, once)
            else:
                found = _atom(f"({_written(found)})^({_written(self.factor())})")
        return found

    def factor(self) -> Polynomial:
        token = self.take()
        if token == "(":
            found = self.sum()
            assert self.take() == ")"
            return found
        if token == "½":
            return {(): Fraction(1, 2)}
        if token == "√":
            return _atom(f"√({_written(self.factor())})")
        if token[0].isdigit():
            return {(): Fraction(token)} if Fraction(token) else {}
        if token.startswith("["):
            return _atom("[target]")
        if self.next.startswith("[") and " = " not in self.next:
            self.take()  # the index
        if self.next == "(" and self.tokens[self.at - 1] not in ("+", "−", "·"):
            return self.call(token)
        return _atom(token)

    def call(self, name: str) -> Polynomial:
        """A function of other numbers."""
        self.take()
        arguments = [self.sum()]
        while self.next == ",":
            self.take()
            arguments.append(self.sum())
        assert self.take() == ")"
        if self.next.startswith("["):
            self.take()
        if name in ("centred", "error"):
            return plus(arguments[0], arguments[1], -1)
        if name == "counts":
            return {(): Fraction(1)}
        if name in ("s⁻ᵝ", "s⁻ᵝ⁻¹"):
            return polynomial("s^(−beta)" if name == "s⁻ᵝ" else "s^(−beta − 1)")
        return _atom(f"{name}({', '.join(map(_written, arguments))})")
