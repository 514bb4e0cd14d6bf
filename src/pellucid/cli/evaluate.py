"""`pellucid evaluate`: how well a saved network does."""

from __future__ import annotations

import time

from pellucid.cli.options import Data, DataName, Json, SavedModel, Threads
from pellucid.language import text


def evaluate(
    model: SavedModel, data: Data = DataName.MNIST, threads: Threads = None, json: Json = False
) -> None:
    """Loss and accuracy of a saved network on the test images."""
    from pellucid import train
    from pellucid.cli import output
    from pellucid.data import datasets
    from pellucid.formats import load_model
    from pellucid.kernels.tape import set_num_threads

    if threads is not None:
        set_num_threads(threads)
    network = load_model(model)
    _, images = datasets.mnist()
    start = time.perf_counter()
    result = train.evaluate(network, images)
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
