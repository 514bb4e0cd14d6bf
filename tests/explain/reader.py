"""A reader of explanations, who has what is printed and a pocket calculator, and does not know the ops.

`of_numbers` puts a trace's numbers into its "numbers" line. `of_formula` reads the formula itself. A formula without a
sum it evaluates as it stands: each name is a number that a term or the note shows under that name. A sum it multiplies
out, and so it does with the names of the factors of every term; both must be the same polynomial, so that the terms are
those that the formula speaks of, each with all of its factors.

Names in formulas are roles ("input"), names in terms are addresses ("conv1.output[0,3]"): which array has which role is
all that a reader is told beside what a trace shows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
from tests.explain.polynomials import Polynomial, plus, polynomial, times

from pellucid.explain import Trace

Document = dict[str, Any]

_NUMBER = re.compile(r"(?<![\w.])-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan)(?![\w.])")
_MORE = re.compile(r"… \([\d,]+ more terms?\)|… \(항 [\d,]+개가 더 있습니다\)")


def document_of(trace: Trace, lang: str | None = None) -> Document:
    """What a trace shows, as the JSON of the command line has it."""
    found: Document = json.loads(json.dumps(trace.to_dict(lang=lang), allow_nan=False))
    return found


def products(document: Document) -> list[float]:
    """Of the start and of all terms, each the product of its factors."""
    found = []
    for term in [*([document["start"]] if document["start"] else []), *document["terms"]]:
        product = _product([float(factor["value"]) for factor in term["factors"]])
        assert _alike(float(product), float(term["product"])), term
        found.append(product)
    return found


def _product(numbers: list[float]) -> Any:
    """Exact where it is finite."""
    finite = all(map(math.isfinite, numbers))
    return math.prod(map(Fraction, numbers), start=Fraction(1)) if finite else math.prod(numbers)


def quotients_right(document: Document) -> bool:
    """Whether factors as "K/count" and "2/m" are those of what the note says, and of each other."""
    names = {name: float(value) for name, value in _EQUATION.findall(document["note"])}
    shown = {f["address"]: float(f["value"]) for term in document["terms"] for f in term["factors"]}
    pairs = [(value, *address.split("/")) for address, value in shown.items() if address.count("/") == 1]
    known = [(value, float(names[p]) / names[q]) for value, p, q in pairs if p in names and q in names]
    known += [(value, 2 * shown["1/m"]) for address, value in shown.items() if address == "2/m"]
    whole = [
        (1 / value, round(1 / value))
        for value, p, q in pairs
        if p == "1" and q in ("m", "count", "divisor", "size") and q not in names
    ]
    known += [(1 / value, names[q]) for value, p, q in pairs if p == "1" and q in names]
    return all(x == y or abs(x - y) <= abs(y) * 2.0**-50 for x, y in known + whole)


def _alike(x: float, y: float) -> bool:
    return x == y or (math.isnan(x) and math.isnan(y))


def size_of_sum(document: Document) -> float:
    """Σ |terms|, which says how far roundings of the factors can move the sum."""
    return float(sum(abs(float(p)) for p in products(document)))


def of_numbers(document: Document) -> float:
    """What the line of numbers comes to; what it leaves out is in the list of terms.

    Digits are those of float32 or of float64 numbers: each must be that of its factor in the list.
    """
    line = document["substituted"].removeprefix(f"{document['address']} = ")
    terms = [*([document["start"]] if document["start"] else []), *document["terms"]]
    factors = iter([float(factor["value"]) for term in terms for factor in term["factors"]])
    left = products(document)
    written, env = count(), {"max": _largest, "min": _smallest}
    taken: list[float] = []

    def number(match: re.Match[str]) -> str:
        digits, value = match[0], next(factors)
        same = (float(digits), float(np.float32(digits)))
        assert any(_alike(x, value) for x in same), f"{digits} is not {value}: {document['substituted']}"
        taken.append(value)
        name = f"n{next(written)}"
        env[name] = Fraction(value) if math.isfinite(value) else value  # type: ignore[assignment]
        return name

    line, _, root = line.partition(")^(1/")
    shown = line.removeprefix("(") if root else line
    if line != "0":  # the sum of nothing
        shown = _NUMBER.sub(number, _MORE.sub("more", shown)).replace("·", "*")
    rest, used = left, 0
    for term in terms:
        if used == len(taken):
            break
        used, rest = used + len(term["factors"]), rest[1:]
    env["more"] = rest if document["kind"] == "select" else sum(rest)  # type: ignore[assignment]
    assert ("more" in shown) == bool(rest)
    found = float(eval(shown, {"__builtins__": {}}, env))  # digits, · + ( ) and max alone
    return _rooted(found, float(root.strip("()"))) if root else found


def _largest(*candidates: Any) -> Any:
    flat = _flat(candidates)
    return math.nan if any(map(math.isnan, map(float, flat))) else max(flat)


def _smallest(*candidates: Any) -> Any:
    return -_largest(*(-x for x in _flat(candidates)))


def _flat(candidates: tuple[Any, ...]) -> list[Any]:
    """What is left out stands in a list."""
    return [x for c in candidates for x in (c if isinstance(c, list) else [c])]


def _rooted(x: float, p: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(x) ** (1 / p))


# Formulas as they stand


def stands(document: Document) -> bool:
    """Whether a formula is evaluated as it stands: it chooses, or has functions that are no factors of a sum."""
    return bool(
        re.search(
            r"where|[σΦ]|tanh|1/√|\bt\(|\bmax\(|\^exponent|log\(1|1/\(1", _right_side(document["formula"])
        )
    )


def of_formula(document: Document, roles: Mapping[str, str]) -> float:
    """The formula evaluated from what a term and the note show.

    Args:
        document: what is shown.
        roles: the role of each array that the op read, by its name.
    """
    names = _shown(document, roles)
    text = _python(_right_side(document["formula"]))
    try:
        with np.errstate(all="ignore"):
            return float(eval(text, {"__builtins__": {}}, names))
    except NameError as error:
        raise AssertionError(f"{error} in {document['formula']}: {document['terms'][:3]}") from error


def _shown(document: Document, roles: Mapping[str, str]) -> dict[str, Any]:
    """Every name with a number or a definition: of the factors of a term, of the formula itself, and of the note."""
    names: dict[str, Any] = {
        "exp": np.exp, "erf": np.vectorize(math.erf), "tanh": np.tanh, "sqrt": np.sqrt, "log": np.log,
        "min": min, "max": max, "π": math.pi, "j": 0,
    }  # fmt: skip
    for term in document["terms"]:
        for factor in term["factors"]:
            names[_word(_role(factor["address"], roles))] = np.float64(factor["value"])
    said = f"{document['formula']}, {document['note']}"
    for function, definition in re.findall(
        r"([^\s(]+)\(x\) = ((?:[^,;()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+)", said
    ):
        names[_word(function)] = _function(definition, names)
    if document["formula"].startswith("output = σ(input) = "):
        names["σ"] = _function(document["formula"].rpartition(" = ")[2].replace("input", "x"), names)
    for name, value in _EQUATION.findall(document["note"]):
        single = "[" in name and str(np.float32(value)) == value  # a number of an array of that type
        names[_word(_role(name, roles))] = np.float64(np.float32(value) if single else value)
    names |= {role: float(name) for name, role in roles.items() if _NUMBER.fullmatch(name)}
    mask = next((names[name] for name in ("mask", "slope") if name in names), None)
    names["kept"] = lambda j: mask != 0
    names["negative_slope"] = names.get("slope", names.get("leaky_relu_slope(input)"))
    if "input" in names:  # a rectifier's output is above 0 where its input is
        names.setdefault("output", names["input"])
    return names


_EQUATION = re.compile(r"([^\s,;√\[\]]+(?:\[[^\]]*\])?) = (-?[\d.]+(?:e[+-]?\d+)?|-?inf|nan)(?=[,;\s]|$)")


def _function(text: str, names: dict[str, Any]) -> Callable[[float], float]:
    code = _python(text)
    return lambda x: eval(code, {"__builtins__": {}}, {**names, "x": x})


def _role(address: str, roles: Mapping[str, str]) -> str:
    """An address with the roles of arrays in the place of their names, and without indices."""
    names = "|".join(re.escape(name) for name in sorted(roles, key=len, reverse=True))
    known = re.compile(rf"(?<![\w.)])({names})(?![\w.])(\[[^\]]*\])?(?! \w)")
    return known.sub(lambda match: roles[match[1]], address.removesuffix(" (padding)")) if names else address


def _word(name: str) -> str:
    """A name as one word that Python takes."""
    for phrase in ("velocity before", "mean before", "variance before", "gradient so far"):
        name = name.replace(phrase, phrase.replace(" ", "_"))
    return name.replace("′", "_slope").replace("ᵗ", "_t").translate(str.maketrans("₁₂", "12"))


def _right_side(formula: str) -> str:
    """What the number is, without what is said of it after."""
    prefix, _, main = formula.rpartition("; ")
    text, depth = main.partition(" = ")[2], 0
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and re.match(r",\s(?!else)|\s+(over|in (training|inference)|after)\s?", text[at:]):
            text = text[:at]
            break
    if prefix:  # g = gradient + weight_decay·parameter
        name, _, value = prefix.partition(" = ")
        text = re.sub(rf"(?<![\w.]){name}(?![\w.])", f"({value})", text)
    return text


def _python(text: str) -> str:
    """A formula as Python: indices go, signs become operators."""
    text = _word(re.sub(r"\[[^\[\]]*\]", "", text)).replace("−", "-").replace("½", "0.5*")
    text = re.sub(r"tanh²\((\w+)\)", r"(tanh(\1)**2)", text)
    text = re.sub(r"(where [^,]*?) = ", r"\1 == ", text).replace("≥", ">=")
    text = (
        text.replace("²", "**2").replace("³", "**3").replace("·", "*").replace("^", "**").replace("≤", "<=")
    )
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text).replace("√(", "sqrt(")
    return _choosing(text.rpartition(" = ")[2])


def _choosing(text: str) -> str:
    """Choices as Python has them, the inner ones first."""
    inner, depth, start = "", 0, 0
    for at, letter in enumerate(text):
        if letter == "(":
            start, depth = (at if depth == 0 else start), depth + 1
        elif letter == ")":
            depth -= 1
            inner += f"({_choosing(text[start + 1 : at])})" if depth == 0 else ""
        elif depth == 0:
            inner += letter
    one, where, rest = inner.partition(" where ")
    condition, _, other = rest.partition(", else ")
    return f"({one} if {condition} else {other})" if where else inner


# Sums multiplied out


_SPREAD = re.compile(r", q\[n,c\] = (.*?)(?:, 0 where|$)")  # of a target that is spread over the classes


def _spread_out(text: str, spread: re.Match[str] | None) -> str:
    """A formula or a factor with q written out."""
    return text if spread is None else re.sub(r"(?<!\w)q\[[^\]]*\]", f"({spread[1]})", text)


def multiplied_out(document: Document, roles: Mapping[str, str]) -> tuple[Polynomial, Polynomial]:
    """The formula, and the terms by the names of their factors, as polynomials in what is not multiplied out."""
    text = (
        _right_side(document["formula"]).removesuffix("^(1/p)").removesuffix("^(1/2)")
    )  # the root of the sum of terms
    text = re.sub(r"\.reshape\(.*\)", "", text)  # which moves numbers and changes none
    for name, value in re.findall(
        r"(\w+\[[\w,]*\]) = ((?:[^,\[\]]|\[[^\]]*\])*·(?:[^,\[\]]|\[[^\]]*\])*)", document["note"]
    ):
        text = text.replace(name, value)
    spread = _SPREAD.search(document["formula"])
    formula = polynomial(_spread_out(_word(text), spread))
    denominator = re.search("denominator = (.*?) = ", document["note"])
    forms = {}
    for term in [*([document["start"]] if document["start"] else []), *document["terms"]]:
        forms[tuple(_role(factor["address"], roles) for factor in term["factors"])] = None
    total: Polynomial = {}
    for form in forms:
        product: Polynomial = {(): Fraction(1)}
        for label in form:
            if denominator:
                label = label.replace("/denominator", f"/({_role(denominator[1], roles)})")
            product = times(product, polynomial(_spread_out(_word(label), spread)))
        total = plus(total, product)
    return formula, total
