"""ONNX Runtime with all graph optimisations and flush-to-zero."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pellucid.bench.cases import Array, Case
from pellucid.bench.peers.onnx_file import FILE


def load() -> None:
    """Import it."""
    import onnxruntime  # noqa: F401


def infer(case: Case, folder: Path, threads: int) -> Callable[[int], Array]:
    """A session that runs one batch at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    session = onnxruntime.InferenceSession(folder / FILE, options, providers=["CPUExecutionProvider"])
    name, images = session.get_inputs()[0].name, [x for x, _ in case.batches()]

    def batch(number: int) -> Array:
        logits: Array = session.run(None, {name: images[number % len(images)]})[0]
        return logits

    return batch
