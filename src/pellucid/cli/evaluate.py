"""`pellucid evaluate`: how well a saved network does."""

from __future__ import annotations

import time

from pellucid.cli.options import MNIST, Data, Json, Python, SavedModel, Seed, SkipBad, Threads, Validation
from pellucid.language import text


def evaluate(
    model: SavedModel,
    data: Data = MNIST,
    validation: Validation = 0.2,
    seed: Seed = 0,
    skip_bad: SkipBad = False,
    python: Python = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Loss and accuracy of a saved network on the images that were held out."""
    from pellucid import train
    from pellucid.cli import networks, output
    from pellucid.kernels.tape import set_num_threads

    if threads is not None:
        set_num_threads(threads)
    network = networks.saved(model, python)
    settings = {"validation": validation, "seed": seed, "skip_bad": skip_bad}
    training, held_out = networks.data_for(network, data, settings)
    images = training if held_out is None else held_out
    start = time.perf_counter()
    result = train.evaluate(network.model, images)
    seconds = time.perf_counter() - start
    if json:
        output.print_json({"model": model, "data": data, "images": len(images), **result, "seconds": seconds})
    else:
        said = (
            text("evaluation.accuracy", accuracy=result["accuracy"]),
            text("training.loss", loss=result["loss"]),
            text("evaluation.images", images=len(images), seconds=seconds),
        )
        output.screen(json).print("  ".join(said))
