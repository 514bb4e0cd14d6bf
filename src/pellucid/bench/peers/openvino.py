"""OpenVINO in float32 (it would choose bfloat16 where the processor has it), with each of its two hints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.bench.cases import Array, Case
from pellucid.bench.peers.onnx_file import FILE


def load() -> None:
    """Import it."""
    import openvino  # noqa: F401


def infer(case: Case, folder: Path, threads: int, *, hint: str) -> Callable[[int], Array]:
    """For latency one request a batch; for throughput a batch is split among as many requests as run at once."""
    import openvino

    core = openvino.Core()
    settings = {
        "PERFORMANCE_HINT": hint,
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "CPU_DENORMALS_OPTIMIZATION": True,
    }
    model = core.read_model(folder / FILE)
    images = [x for x, _ in case.batches()]
    if hint == "LATENCY":
        compiled = core.compile_model(model, "CPU", settings)
        return lambda number: compiled(images[number % len(images)])[0].copy()

    requests = core.compile_model(model, "CPU", settings).get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    parts = max(count for count in range(1, requests + 1) if case.batch % count == 0)
    model.reshape([case.batch // parts, *images[0].shape[1:]])
    queue = openvino.AsyncInferQueue(core.compile_model(model, "CPU", settings), parts)
    found: list[Any] = [None] * parts
    queue.set_callback(
        lambda request, part: found.__setitem__(part, request.get_output_tensor(0).data.copy())
    )

    def batch(number: int) -> Array:
        for part, images_of_part in enumerate(np.split(images[number % len(images)], parts)):
            queue.start_async({0: images_of_part}, part)
        queue.wait_all()
        return np.concatenate(found)

    return batch
