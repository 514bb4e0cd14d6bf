"""A plan's listing: every byte and multiply–add is accounted for, and it reads in 80 columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import pellucid as pc
from pellucid import nn
from pellucid.cli import main
from pellucid.columns import cells
from pellucid.engine.buffers import Tensor
from pellucid.engine.inference import Inference
from pellucid.engine.listing import Listing, listing
from pellucid.errors import ArgumentError
from pellucid.language import text

MODELS = {"lenet5": (1, 28, 28), "mnist_cnn": (1, 28, 28), "resnet20": (3, 32, 32)}
BATCH = 3


def inferred(name: str) -> Listing:
    model = getattr(pc.models, name)()
    run = Inference(model.trace_forward, dict(model.named_arrays()))
    return listing(run.program(input=np.zeros((BATCH, *MODELS[name]), np.float32)))


def trained(name: str) -> tuple[pc.TrainStep, Listing]:
    step = pc.TrainStep(getattr(pc.models, name)(), pc.SGD(0.1, momentum=0.9))
    return step, step.plan_for(np.zeros((BATCH, *MODELS[name])), np.zeros(BATCH, int))


@pytest.mark.parametrize("algorithm", ["auto", "direct"])
@pytest.mark.parametrize("name", MODELS)
def test_multiply_adds_are_the_summary_s(name: str, algorithm: str) -> None:
    with pc.algorithm(algorithm):
        summary = nn.summary(getattr(pc.models, name)(), (BATCH, *MODELS[name]))
        assert inferred(name).multiply_adds == summary.macs
        rows = trained(name)[1].rows
    first = next(row.macs for row in summary.rows if row.macs)  # which makes no gradient of its input
    assert sum(row.multiply_adds for row in rows if row.way == "forward") == summary.macs
    assert sum(row.multiply_adds for row in rows if row.way == "backward") == 2 * summary.macs - first


@pytest.mark.parametrize("name", MODELS)
def test_places_are_the_arena_s(name: str) -> None:
    step, found = trained(name)
    program = step._latest.program
    assert found.arena_bytes == program.arena.nbytes
    assert {place.name for place in found.places} == {place.room.block.name for place in program.places}
    assert max(place.start + place.size_bytes for place in found.places) <= found.arena_bytes
    for one, other in ((a, b) for a in found.places for b in found.places if a is not b):
        together = one.first <= other.last and other.first <= one.last
        apart = one.start + one.size_bytes <= other.start or other.start + other.size_bytes <= one.start
        assert not together or apart, (one, other)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_read_was_written_before(name: str) -> None:
    """Or given: inputs, labels, parameters, the optimiser's state. What is never read is a result or a statistic."""
    program = trained(name)[0]._latest.program
    made: set[Any] = set()
    given = {program.plan.value(symbol) for symbol in program.plan.graph.inputs.values()}
    for bound in program.loops:
        for block in bound.work.reads:
            inside = block.root in {place.room.block for place in program.places}
            assert not inside or block.root in made or block in given, (bound.name, block.name)
        made |= {block.root for block in bound.work.writes}


def test_bytes_are_those_of_tensors_without_halos() -> None:
    step, found = trained("mnist_cnn")
    (bound,) = [bound for bound in step._latest.program.loops if bound.name == "input"]
    (tensor,) = bound.work.writes
    assert isinstance(tensor, Tensor)
    assert tensor.inner == (BATCH, 1, 28, 28, 1)
    row = found.rows[0]
    assert (row.name, row.shape, row.written_bytes) == ("input", (BATCH, 1, 28, 28), 4 * BATCH * 28 * 28)


def test_a_plan_belongs_to_a_batch() -> None:
    step = pc.TrainStep(pc.models.lenet5(), pc.SGD(0.1))
    with pytest.raises(ArgumentError) as error:
        _ = step.plan
    assert str(error.value) == (
        "plan: a plan is made for the shape of a batch. Got no batch yet. "
        "Hint: make a step, or use step.plan_for(x, y)."
    )
    step(np.zeros((2, 1, 28, 28)), np.zeros(2, int))
    assert step.plan.rows[0].shape == (2, 1, 28, 28)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_it_reads_in_80_columns(lang: str) -> None:
    lines = trained("resnet20")[1].text(lang).splitlines()
    assert max(map(cells, lines)) <= 80
    said = "\n".join(lines)
    assert "batch_norm + add + relu" in said
    rules = f"{text('plan.sum_in_batch_norm', lang)}, {text('plan.relu_in_output', lang)}"
    assert rules in " ".join(said.split())
    assert ("multiply–adds" in said) == (lang == "en")


def test_a_notebook_gets_a_table() -> None:
    page = trained("lenet5")[1]._repr_html_()
    assert page.count("<tr>") > 20
    assert "updates in one loop" in page


@pytest.mark.parametrize("way", ["--training", "--inference"])
def test_the_command_s_document_is_the_listing(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["plan", "mnist_cnn", "--batch", str(BATCH), way, "--json"])
    assert end.value.code == 0
    said = json.loads(capsys.readouterr().out)
    found = trained("mnist_cnn")[1] if way == "--training" else inferred("mnist_cnn")
    assert said["input"] == [BATCH, 1, 28, 28]
    assert {key: said[key] for key in found.to_dict()} == json.loads(json.dumps(found.to_dict()))


def test_loops_that_share_their_blocks_touch_a_part_each() -> None:
    """A linear layer's gradients in two loops: together every number of the weight and its input once."""
    rows = [row for row in trained("lenet5")[1].rows if row.name == "gradients by fc3"]
    inputs, outputs, size_bytes = 84, 10, 4
    weight, activation, grad_output = inputs * outputs, BATCH * inputs, BATCH * outputs
    assert len(rows) == 2
    assert sum(row.written_bytes for row in rows) == size_bytes * (weight + activation)
    # input and mask are one tensor; grad_output is read as it is and transposed, in both
    read = weight + activation + 2 * 2 * grad_output
    assert sum(row.read_bytes for row in rows) == size_bytes * read


@pytest.mark.slow
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", ["resnet18", "alexnet"])
def test_large_numbers_fit_the_columns(name: str, training: bool) -> None:
    model = getattr(pc.models, name)()
    x = np.zeros((16, 3, *((224, 224) if name == "alexnet" else (32, 32))), np.float32)
    if training:
        found = pc.TrainStep(model, pc.SGD(0.1)).plan_for(x, np.zeros(16, int))
    else:
        found = listing(Inference(model.trace_forward, dict(model.named_arrays())).program(input=x))
    assert max(map(cells, str(found).splitlines())) <= 80


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "weight decay of {} of 10"), ("ko", "10개 중 {}개에 가중치 감쇠")]
)
def test_updates_say_of_how_many_parameters_weight_decay_is_a_part(lang: str, said: str) -> None:
    x, y = np.zeros((2, 1, 28, 28)), np.zeros(2, int)
    for settings, count in (({}, 0), ({"weight_decay": 0.1}, 10)):
        plan = pc.TrainStep(pc.models.lenet5(), pc.SGD(0.1, **settings)).plan_for(x, y)
        assert (said.format(count) in " ".join(plan.text(lang).split())) == (count > 0)
    matrices = pc.SGD(0.1, weight_decay=0.1, decay_vectors=False)
    plan = pc.TrainStep(pc.models.lenet5(), matrices).plan_for(x, y)
    assert said.format(5) in " ".join(plan.text(lang).split())
    assert plan.rows[-2].decayed == 5
