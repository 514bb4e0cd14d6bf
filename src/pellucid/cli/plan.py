"""`pellucid plan`: the loops of a network's step or inference, fused by which rules, on which bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pellucid.cli.options import Json, Lang, ModelOrFile
from pellucid.language import text

if TYPE_CHECKING:
    from pellucid.engine.listing import Listing
    from pellucid.nn import Module


def plan(
    model: ModelOrFile,
    batch: Annotated[int, typer.Option(min=1, max=1 << 16, help=text("option.plan_batch"))] = 64,
    training: Annotated[
        bool, typer.Option("--training/--inference", help=text("option.plan_training"), show_default=False)
    ] = False,
    input: Annotated[
        str | None,
        typer.Option(metavar="CxHxW", help=text("option.input"), show_default=text("default.input")),
    ] = None,
    lang: Lang = None,
    json: Json = False,
) -> None:
    """The loops of a training step (SGD with momentum) or of inference, in their order."""
    from pellucid.cli import inputs, output
    from pellucid.language import chosen
    from pellucid.nn.models import input_shape

    lang = chosen(lang)
    shape = None if input is None else inputs.read_shape("plan", "--input", input, between="x")
    network = inputs.open_model(model, shape)
    batched = (batch, *(shape or input_shape(network)))
    found = (_trained if training else _inferred)(network, batched)
    if json:
        said: dict[str, Any] = {"model": model, "input": batched, "training": training}
        output.print_json({**said, **found.to_dict()})
        return
    output.screen(json).print(found.text(lang), soft_wrap=True)


def _trained(network: Module, shape: tuple[int, ...]) -> Listing:
    """The plan of a training step on such a batch and its labels."""
    import numpy as np

    from pellucid.engine.graph import trace
    from pellucid.train import SGD, TrainStep

    inputs = {"input": (shape, network.dtype)}
    images, _, *space = trace(
        network.trace_forward, inputs, dict(network.named_arrays()), training=True
    ).output.shape
    x, y = np.zeros(shape, network.dtype), np.zeros((images, *space), np.int64)
    return TrainStep(network, SGD(lr=0.01, momentum=0.9)).plan_for(x, y)


def _inferred(network: Module, shape: tuple[int, ...]) -> Listing:
    """The plan of inference."""
    import numpy as np

    from pellucid.engine.inference import Inference
    from pellucid.engine.listing import listing

    run = Inference(network.trace_forward, dict(network.named_arrays()))
    return listing(run.program(input=np.zeros(shape, network.dtype)))
