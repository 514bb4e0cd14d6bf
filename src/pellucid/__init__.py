"""Pellucid: convolutional networks that you can see through, trained on the CPU."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pellucid import functional, signal
from pellucid.data import Dataset, datasets, read_image
from pellucid.engine.algorithm import algorithm
from pellucid.errors import (
    AddressError,
    ArgumentError,
    DataError,
    FormatError,
    NumericError,
    PellucidError,
    ShapeError,
)
from pellucid.explain.recorded import load_recording
from pellucid.explain.recording import Recording
from pellucid.explain.trace import Trace
from pellucid.formats import load_model, save_model
from pellucid.nn import (
    GELU,
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AvgPool1d,
    AvgPool2d,
    AvgPool3d,
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    Buffer,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    Dropout,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    models,
    seed,
    summary,
)

if TYPE_CHECKING:
    from pellucid.doctor import GradientReport, check_gradient
    from pellucid.kernels.tape import get_num_threads, set_num_threads
    from pellucid.train import SGD, Adam, AdamW, TrainStep, evaluate, fit, predict, record

# Names whose modules import LLVM and all that plans and runs, or are needed seldom: loaded when first asked for.
_LATER = {
    **dict.fromkeys(("GradientReport", "check_gradient"), "pellucid.doctor"),
    **dict.fromkeys(("get_num_threads", "set_num_threads"), "pellucid.kernels.tape"),
    **dict.fromkeys(
        ("SGD", "Adam", "AdamW", "TrainStep", "evaluate", "fit", "predict", "record"), "pellucid.train"
    ),
}

__all__ = [
    "GELU",
    "SGD",
    "Adam",
    "AdamW",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AddressError",
    "ArgumentError",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "DataError",
    "Dataset",
    "Dropout",
    "Flatten",
    "FormatError",
    "GradientReport",
    "Identity",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Module",
    "NumericError",
    "Parameter",
    "PellucidError",
    "ReLU",
    "Recording",
    "Sequential",
    "ShapeError",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Trace",
    "TrainStep",
    "algorithm",
    "check_gradient",
    "datasets",
    "evaluate",
    "fit",
    "functional",
    "get_num_threads",
    "load_model",
    "load_recording",
    "models",
    "predict",
    "read_image",
    "record",
    "save_model",
    "seed",
    "set_num_threads",
    "signal",
    "summary",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'pellucid' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
