"""The engines of the bench. Each runs in a process of its own, which alone imports it (see `serve`).

A module here has `load()`, which imports the engine, and `train` or `infer` or both: they set up a case and return
what makes one step and gives the loss, or computes one batch and gives the logits, `(number) -> result`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from pellucid.bench.cases import INFER, TASKS, Case
from pellucid.language import text

KEEP_MEMORY = {  # glibc: never give pages back, so that no step pays for getting them anew
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "268435456",
}


@dataclass(frozen=True)
class Peer:
    """An engine with its settings.

    `module` of this package starts it, with `options`. `packages` are what it imports, by which pip knows them too.
    `file` is the module that writes the network in the form that it reads; `cache` the environment's name for the
    folder in which it keeps compiled code.
    """

    name: str
    module: str
    packages: tuple[str, ...] = ()
    tasks: tuple[str, ...] = tuple(TASKS)
    options: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=lambda: KEEP_MEMORY)
    file: str | None = None
    cache: str | None = None
    smallest_batch: int = 1

    @property
    def family(self) -> str:
        """The engine, whatever its settings."""
        return self.name.partition("-")[0]

    def unfit(self, case: Case) -> str | None:
        """Why this is no contender for the case."""
        if case.task not in self.tasks:
            return text("bench.only", tasks=", ".join(text(TASKS[task]) for task in self.tasks))
        if case.batch < self.smallest_batch:
            return text("bench.smallest_batch", size=self.smallest_batch)
        return None

    def missing(self) -> str | None:
        """How to get what is not installed."""
        absent = [package for package in self.packages if find_spec(package) is None]
        return text("bench.missing", packages=" ".join(absent)) if absent else None


OURS = Peer("pellucid", "ours", environment={}, cache="PELLUCID_CACHE_DIR")
PEERS = (
    OURS,
    Peer("torch-eager", "pytorch", ("torch",)),
    Peer("torch-channels_last", "pytorch", ("torch",), options={"channels_last": True}),
    Peer(
        "torch-compile",
        "pytorch",
        ("torch",),
        options={"compiled": True, "channels_last": True},
        cache="TORCHINDUCTOR_CACHE_DIR",
    ),
    Peer("torch-frozen", "pytorch", ("torch",), (INFER,), options={"frozen": True}),
    Peer("jax", "jax", ("jax",)),
    Peer("onnxruntime", "onnxruntime", ("onnxruntime", "onnx"), (INFER,), file="onnx_file"),
    Peer(
        "openvino-latency",
        "openvino",
        ("openvino", "onnx"),
        (INFER,),
        options={"hint": "LATENCY"},
        file="onnx_file",
    ),
    Peer(
        "openvino-throughput",
        "openvino",
        ("openvino", "onnx"),
        (INFER,),
        options={"hint": "THROUGHPUT"},
        file="onnx_file",
        smallest_batch=2,
    ),
    Peer("ncnn-threads", "ncnn", ("ncnn",), (INFER,), options={"images_at_once": False}, file="ncnn_file"),
    Peer(
        "ncnn-images",
        "ncnn",
        ("ncnn",),
        (INFER,),
        options={"images_at_once": True},
        file="ncnn_file",
        smallest_batch=2,
    ),
)
