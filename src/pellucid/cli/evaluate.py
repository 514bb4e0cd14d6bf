"""`pellucid evaluate`: how well a saved network does."""

from __future__ import annotations

import time
from pathlib import Path

from pellucid.cli.options import (
    MNIST,
    Data,
    Json,
    Python,
    Report,
    SavedModel,
    Seed,
    SkipBad,
    Threads,
    Validation,
)
from pellucid.language import text


def evaluate(
    model: SavedModel,
    data: Data = MNIST,
    validation: Validation = 0.2,
    seed: Seed = 0,
    skip_bad: SkipBad = False,
    report: Report = None,
    python: Python = None,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Loss and accuracy of a saved network on the images that were held out."""
    from pellucid import review, train
    from pellucid.cli import output, scores
    from pellucid.kernels.tape import set_num_threads
    from pellucid.runs import networks

    if threads is not None:
        set_num_threads(threads)
    network = networks.saved(model, python)
    settings = {"validation": validation, "seed": seed, "skip_bad": skip_bad}
    training, held_out = networks.data_for(network, data, settings)
    images = training if held_out is None else held_out
    found = None
    if report is not None:
        title = text("review.title", model=f"{Path(model).name}, {data}")
        found = review.report(report, network.model, images, title=title)
    start = time.perf_counter()
    result = train.evaluate(network.model, images)
    seconds = time.perf_counter() - start
    found = found or scores.scores_of(network.model, images)
    if json:
        written = None if report is None else str(report)
        document = {"model": model, "data": data, "images": len(images), **result, "seconds": seconds}
        output.print_json(document | scores.document(found) | {"report": written})
    else:
        said = (
            text("evaluation.accuracy", accuracy=result["accuracy"]),
            text("training.loss", loss=result["loss"]),
            text("evaluation.images", images=len(images), seconds=seconds),
        )
        output.screen(json).print("  ".join(said))
        scores.tell(output.screen(json), found)
        if report is not None:
            output.screen(json).print(text("figures.page_written", path=report))
