"""Provenance: from it and the arrays alone, a reader who knows no op (`provenance_reader.py`) makes numbers again.

And every array of every recording has it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from tests.explain.provenance_reader import Reader
from tests.support.markdown import blocks, said
from tests.support.markdown import read as page_of
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.explain import Recording
from pellucid.explain.paths.reads import readings
from pellucid.explain.source import Entry

Array = np.ndarray[Any, np.dtype[Any]]
_NUMBERS = 9  # of each array


def reader_of(rec: Recording) -> Reader:
    return Reader(json.dumps(rec.provenance(), allow_nan=False), rec.__getitem__)


def some(shape: tuple[int, ...], seed: int) -> list[tuple[int, ...]]:
    """The corners of an array, where windows lie over padding, and some elements between."""
    random = np.random.default_rng(seed)
    corners = [tuple(0 for _ in shape), tuple(size - 1 for size in shape)]
    return corners + [tuple(int(random.integers(size)) for size in shape) for _ in range(_NUMBERS)]


def compare(rec: Recording, *, exactly: bool = True) -> set[str]:
    """Make numbers of all sums again; the results, as "conv2d grad_weight"."""
    reader, seen = reader_of(rec), set()
    for number, name in enumerate(reader.sums()):
        made = reader.arrays[name]["source"]
        for index in some(rec[name].shape, number):
            found, value = reader.sum_of(name, index), rec[name][index]
            assert abs(Fraction(float(value)) - found.exact) <= found.bound, (name, index)
            again = found.replayed()
            assert (again is None) == (found.kind == "winograd")
            if again is not None:
                assert again == value, (name, index, again, value)
                assert again.dtype == value.dtype
            else:
                assert not exactly
        seen.add(f"{made['op']} {made['of']}")
    return seen


def conv(function: str, x: tuple[int, ...], w: tuple[int, ...], b: int | None, **settings: Any) -> Any:
    arrays = {"w": normal(*w, seed=2)} | ({} if b is None else {"b": normal(b, seed=3)})
    return lambda dtype: (
        lambda s, w, b=None: getattr(F, function)(s, w, b, **settings),
        normal(*x).astype(dtype),
        {name: array.astype(dtype) for name, array in arrays.items()},
    )


def times(x: tuple[int, ...], w: tuple[int, ...]) -> Any:
    return lambda dtype: (
        lambda s, w: s @ w,
        normal(*x).astype(dtype),
        {"w": normal(*w, seed=2).astype(dtype)},
    )


def other(x: tuple[int, ...], function: Callable[[Any], Any]) -> Any:
    return lambda dtype: (function, normal(*x).astype(dtype), {})


def unpooled(s: Any) -> Any:
    values, indices = F.max_pool2d(s, 3, stride=2, return_indices=True)
    return F.max_unpool2d(values, indices, 3, stride=2)


def found(s: Any) -> Any:
    """Two readers of an activation."""
    return F.adaptive_max_pool2d(s, (3, 2)) + F.adaptive_avg_pool2d(s, (3, 2))


def expression(s: Any, c: Any, g: Any) -> Any:
    """Tensors, parameters and numbers that broadcast: over images, channels, positions, and not at all."""
    y = (s * c - g) * s + 0.5
    return y - s * F.adaptive_avg_pool2d(y, 1)


def expressions(dtype: str) -> Any:
    """With 19 images, whose gradients are summed in parts."""
    shapes = {"c": normal(3, 1, 1, seed=2).astype(dtype), "g": normal(1, 1, 5, seed=3).astype(dtype)}
    return expression, normal(19, 3, 2, 5).astype(dtype), shapes


NETWORKS: dict[str, Any] = {
    "expressions": expressions,
    "cat": other((2, 3, 4, 5), lambda s: F.cat([s, F.max_pool2d(s, 3, 1, 1), s], 1)),
    "cat of images": other((2, 3, 4), lambda s: F.cat([F.relu(s), s], 0)),
    "conv1d": conv("conv1d", (3, 4, 17), (6, 2, 4), 6, stride=3, padding=2, dilation=2, groups=2),
    "conv2d": conv("conv2d", (4, 3, 7, 9), (5, 3, 3, 2), 5, stride=(1, 2), padding=(2, 1)),
    "conv2d 5×5": conv("conv2d", (2, 2, 14, 13), (3, 2, 5, 5), None, padding=2),
    "conv2d dilated": conv("conv2d", (5, 4, 9, 11), (6, 2, 3, 2), 6, groups=2, dilation=(2, 3)),
    "conv2d uneven": conv("conv2d", (2, 3, 6, 5), (4, 3, 2, 3), 4, padding=((0, 2), (3, 1)), stride=2),
    "conv2d depthwise": conv("conv2d", (3, 5, 7, 6), (10, 1, 2, 3), None, groups=5, stride=2, padding=1),
    "conv2d flipped": conv("conv2d", (2, 3, 6, 7), (4, 3, 3, 2), 4, flip=True, padding=1),
    "conv3d": conv("conv3d", (2, 2, 4, 5, 6), (3, 2, 2, 3, 2), 3, stride=(1, 2, 1), padding=(0, 1, 1)),
    "conv_transpose1d": conv("conv_transpose1d", (3, 4, 6), (4, 2, 3), 4, stride=2, padding=1, groups=2),
    "conv_transpose2d": conv(
        "conv_transpose2d", (4, 3, 4, 5), (3, 4, 3, 2), 4, stride=(2, 3), padding=1, output_padding=(1, 0)
    ),
    "conv_transpose3d": conv("conv_transpose3d", (2, 2, 2, 3, 2), (2, 3, 2, 2, 3), None, dilation=2),
    "linear": conv("linear", (7, 19), (5, 19), 5),
    "linear deep": conv("linear", (17, 3, 2, 5), (4, 5), 4),
    "matmul": other((3, 5, 5), lambda s: s @ F.tanh(s)),
    "matmul deep": other((2, 3, 5, 5), lambda s: s @ F.tanh(s)),
    "matmul weight": times((17, 3, 2, 5), (5, 4)),
    "matmul weights": times((9, 3, 2, 5), (3, 5, 4)),
    "matmul rows": times((19, 5), (5, 4)),
    "linear bare": conv("linear", (3, 600), (2, 600), None),
    "max_pool1d": other((3, 2, 13), lambda s: F.max_pool1d(s, 3, stride=2, padding=1, dilation=2)),
    "max_pool2d": other((2, 3, 8, 7), lambda s: F.max_pool2d(s, (3, 2), stride=1, padding=1, ceil_mode=True)),
    "max_pool3d": other((2, 2, 5, 4, 6), lambda s: F.max_pool3d(s, 2, stride=(1, 2, 2))),
    "avg_pool1d": other((3, 2, 11), lambda s: F.avg_pool1d(s, 4, stride=3, padding=2, ceil_mode=True)),
    "avg_pool2d": other((2, 3, 8, 7), lambda s: F.avg_pool2d(s, 3, 2, 1, count_include_pad=False)),
    "avg_pool2d by 5": other((2, 3, 8, 7), lambda s: F.avg_pool2d(s, 3, 1, 1, divisor_override=5)),
    "avg_pool3d": other((2, 2, 4, 5, 6), lambda s: F.avg_pool3d(s, (2, 3, 2), 2)),
    "adaptive": other((2, 3, 8, 7), found),
    "unpooled": other((2, 3, 9, 7), unpooled),
    "columns": other((2, 3, 8, 7), lambda s: F.fold(F.unfold(s, (3, 2), 2, 1), (8, 7), (3, 2), 2, 1)),
    "sum of images": other((19, 3, 4, 5), lambda s: F.sum(s, 0) + F.sum(s, 0)),
    "sum of all": other((19, 3, 4, 5), lambda s: F.sum(s) + F.mean(s)),
    "sum of channels": other((3, 35, 2, 5), lambda s: F.sum(s, 1, keepdim=True) + F.mean(s, 1, keepdim=True)),
    "sum of positions": other((3, 4, 2, 5), lambda s: F.sum(s, (2, 3)) + F.mean(s, (-1, -2))),
    "sum of a row": other((3, 1, 2, 35), lambda s: F.mean(s, (1, 3)) + F.mean(s, (1, 3))),
    "sum": other((2, 3, 4, 5), lambda s: F.flatten(F.avg_pool2d(s, 3, 1, 1) + s + s, 1)),
    "pads": other(
        (2, 3, 5, 6),
        lambda s: F.pad(F.pad(F.pad(s, (1, 2), "circular"), (2, 0, 1, 3), "reflect"), (1, -1), value=0.5),
    ),
    "upsampled": other(
        (2, 3, 4, 5), lambda s: F.interpolate(s, size=(7, 9), mode="bilinear", align_corners=True)
    ),
    "nearest": other((2, 3, 4, 5), lambda s: F.interpolate(s, scale_factor=2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_reader_who_knows_no_op_makes_the_numbers_again(name: str, dtype: str) -> None:
    function, x, arrays = NETWORKS[name](dtype)
    with pc.algorithm("direct"):
        seen = compare(recording(run(function, x, arrays)))
    if "conv" in name or "linear" in name:
        kind = "Linear" if "linear" in name else "ConvTranspose" if "transpose" in name else "Conv"
        wanted = ["output", "grad_input", "grad_weight", *(["grad_bias"] if "b" in arrays else [])]
        assert seen >= {f"{kind} {of}" for of in wanted}
    assert len(seen) >= 2


def test_terms_are_those_of_an_explanation() -> None:
    function, x, arrays = NETWORKS["conv2d"]("float32")
    with pc.algorithm("direct"):
        rec = recording(run(function, x, arrays))
    reader = reader_of(rec)
    for name in reader.sums():
        for index in some(rec[name].shape, 1):
            address = f"{name}[{','.join(map(str, index))}]"
            told = [[factor for factor, _ in term.factors] for term in rec.explain(address).terms]
            places = reader.sum_of(name, index).places
            listed = [[f"{n}[{','.join(map(str, at))}]" for n, at in factors] for factors in places]
            inside = [[f for f in factors if not f.endswith("(padding)")] for factors in told]
            assert listed == inside


def parameters(**shapes: tuple[int, ...]) -> dict[str, Array]:
    return {name: abs(normal(*shape, seed=5)) for name, shape in shapes.items()}


NORM = parameters(w=(6,), b=(6,))
FORMULAS: dict[str, tuple[Callable[..., Any], tuple[int, ...], dict[str, Array]]] = {
    "batch norm": (
        lambda s, m, v, w, b: F.batch_norm(s, m, v, w, b, training=True), (3, 6, 2, 5),
        parameters(m=(6,), v=(6,)) | NORM,
    ),
    "in inference": (
        F.batch_norm, (3, 6, 2, 5), parameters(running_mean=(6,), running_var=(6,), weight=(6,), bias=(6,)),
    ),
    "group norm": (lambda s, w, b: F.group_norm(s, 3, w, b), (3, 6, 2, 5), NORM),
    "layer norm of the last axes": (
        lambda s, w, b: F.layer_norm(s, (4, 3), w, b), (5, 2, 4, 3), parameters(w=(4, 3), b=(4, 3)),
    ),
    "layer norm": (lambda s, w, b: F.layer_norm(s, (4, 3), w, b), (5, 4, 3), parameters(w=(4, 3), b=(4, 3))),
    "local": (lambda s: F.local_response_norm(s, 3), (2, 7, 3, 2), {}),
    "powers": (lambda s: F.lp_pool2d(F.sigmoid(s), 3, (2, 3), stride=1), (2, 3, 4, 5), {}),
    "softmaxes": (lambda s: F.log_softmax(F.softmax(s, 1), 1), (2, 3, 4), {}),
    "activations": (lambda s: F.gelu(F.dropout(F.leaky_relu(s, 0.1), 0.3)), (2, 3, 4), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", [*FORMULAS, *NETWORKS])
def test_elements_that_meet_are_those_that_are_read(name: str) -> None:
    function, x, arrays = NETWORKS[name]("float32") if name in NETWORKS else FORMULAS[name]
    rec = recording(run(function, x if isinstance(x, np.ndarray) else normal(*x), arrays))
    reader = reader_of(rec)
    for name_, entry in rec.entries.items():
        if entry.source is None:
            continue
        told = list(readings(entry, lambda n: rec.entries[n].shape, rec.__getitem__))
        for index in some(entry.shape, 4)[:5]:
            mask = np.zeros(entry.shape, np.bool_)
            mask[index] = True
            listed = reader.read_by(name_, index)
            for role, operand, relation in told:
                if role != "base":
                    read = relation.read(mask).reshape(rec.entries[operand].shape)
                    assert listed.pop(role) == {tuple(at) for at in np.argwhere(read).tolist()}, (
                        name_,
                        index,
                        role,
                    )
            assert not listed


def test_winograd_names_no_order() -> None:
    with pc.algorithm("winograd"):
        rec = recording(run(*conv("conv2d", (3, 4, 9, 10), (5, 4, 3, 3), 5, padding=1)("float32")))
    reader = reader_of(rec)
    kinds = {name: reader.arrays[name]["source"]["reduction"]["kind"] for name in reader.sums()}
    made = reader.arrays["grad(w)"]["source"]["order"]
    assert made["winograd_additions"] > 0  # though the input gradient beside it has none
    assert kinds == {
        "conv2d.output": "winograd", "grad(input)": "winograd", "grad(w)": "winograd", "grad(b)": "fma",
    }  # fmt: skip
    assert compare(rec, exactly=False) == {
        f"Conv {of}" for of in ("output", "grad_input", "grad_weight", "grad_bias")
    }


def test_gradients_that_grow_and_weights_that_are_shared() -> None:
    def twice(s: Any, w: Any) -> Any:
        y = F.conv2d(s, w, padding=1)
        return F.conv2d(y, w, padding=1) + F.max_pool2d(y, 3, 1, 1) + F.avg_pool2d(y, 3, 1, 1)

    with pc.algorithm("direct"):
        rec = recording(run(twice, normal(2, 3, 5, 4), {"w": normal(3, 3, 3, 3)}))
    sources = {array["name"]: array["source"] for array in rec.provenance()["arrays"]}
    (total,) = [made for made in sources.values() if made and made["parts"]]
    assert total["reduction"] == {"kind": "parts"}
    assert total["way"] == "sum"
    assert sum(made is not None and made["base"] is not None for made in sources.values()) == 2
    compare(rec)


def test_the_format_of_one_array() -> None:
    rec = recording(run(*NETWORKS["conv2d"]("float32")))
    whole = rec.provenance()
    assert {key: whole[key] for key in ("format", "version", "algorithm", "aliases")} == {
        "format": "pellucid provenance", "version": 1, "algorithm": "auto", "aliases": {},
    }  # fmt: skip
    assert [array["name"] for array in whole["arrays"]] == rec.names()
    assert rec.provenance("w") == {
        "name": "w", "shape": [5, 3, 3, 2], "dtype": "float32", "given": "model", "source": None,
    }  # fmt: skip
    window = {"kind": "window", "dilation": 1, "flipped": False}
    assert rec.provenance("grad(w)") == {
        "name": "grad(w)",
        "shape": [5, 3, 3, 2],
        "dtype": "float32",
        "given": None,
        "source": {
            "op": "Conv",
            "settings": {
                "dims": 2, "stride": [1, 2], "padding": [[2, 2], [1, 1]], "dilation": [1, 1],
                "groups": 1, "flip": False,
            },
            "of": "grad_weight",
            "operands": {"input": "input", "weight": "w", "bias": "b", "grad_output": "grad(conv2d.output)"},
            "base": None,
            "parts": [],
            "order": {"parts": 1},
            "facts": {},
            "way": "backward",
            "path": "conv2d",
            "reads": ["grad_output", "input"],
            "formula": "grad_weight[o,c,k] = Σ_{n,y} grad_output[n,o,y]·input[n,c,i]",
            "relation": {
                "labels": {
                    "result": ["g", "o", "c", "k0", "k1"],
                    "grad_output": ["n", "g", "o", "y0", "y1"],
                    "input": ["n", "g", "c", "i0", "i1"],
                },
                "sizes": {"n": 4, "g": 1, "o": 5, "c": 3, "i0": 7, "i1": 9, "k0": 3, "k1": 2, "y0": 9, "y1": 5},
                "links": [{**window, "stride": 1, "padding": 2}, {**window, "stride": 2, "padding": 1}],
            },
            "reduction": {"kind": "fma", "factors": ["grad_output", "input"], "over": ["n", "y0", "y1"]},
        },
    }  # fmt: skip
    with pytest.raises(
        pc.AddressError, match=r"^provenance: the recording holds no such name\. Expected 'grad\(w\)'"
    ):
        rec.provenance("grad(v)")


def test_an_array_without_provenance_is_an_error() -> None:
    for entry in (
        Entry("x", (2,), given="input"),
        recording(run(*NETWORKS["linear"]("float32"))).entries["grad(w)"],
    ):
        assert (entry.given is None) == (entry.source is not None)
        with pytest.raises(AssertionError) as caught:
            replace(entry, given=None, source=None)
        told = "has no provenance: neither a step that made it nor who gave it"
        assert str(caught.value) == f"'{entry.name}' {told}"


def keys_of(value: Any) -> set[str]:
    """The keys of the form itself; roles, labels, settings and aliases are names of what it speaks of."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    named = ("operands", "settings", "aliases", "sizes", "facts", "order", "labels", "through")
    inner = {key: item for key, item in value.items() if key not in named}
    within = [item for key in inner for item in (inner[key].values() if key == "each" else [inner[key]])]
    return {*value}.union(*map(keys_of, within))


def test_the_page_of_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    page = page_of("internals/provenance.md")
    (block,) = blocks(page)
    exec(block.source, {})
    assert capsys.readouterr().out.splitlines() == said(block)
    for name in NETWORKS:
        keys = keys_of(recording(run(*NETWORKS[name]("float32"))).provenance())
        assert {key for key in keys if f"`{key}`" not in page} <= {"kind"}


def test_every_result_of_a_step_is_recorded() -> None:
    """But for what a step leaves in a form of the engine's own."""
    program = run(FORMULAS["batch norm"][0], normal(3, 6, 2, 5), FORMULAS["batch norm"][2])
    entries = recording(program).entries
    for step in program.plan.steps.order:
        for role, symbol in step.makes.items():
            assert symbol.name in entries, (step.path, role)
            made = entries[symbol.name].source
            assert made is not None
            assert (made.of, made.way, made.path) == (role, step.way, step.path)
