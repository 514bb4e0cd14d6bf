"""Training: one step, the loop around it, and what it is judged by."""

from pellucid.train.checkpoints import Checkpoints
from pellucid.train.evaluation import evaluate, predict
from pellucid.train.events import Epoch, Progress
from pellucid.train.history import History
from pellucid.train.loop import fit
from pellucid.train.losses import CrossEntropyLoss, MSELoss
from pellucid.train.optimizers import SGD, Adam, AdamW, Optimizer
from pellucid.train.recording import record
from pellucid.train.step import TrainStep

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Checkpoints",
    "CrossEntropyLoss",
    "Epoch",
    "History",
    "MSELoss",
    "Optimizer",
    "Progress",
    "TrainStep",
    "evaluate",
    "fit",
    "predict",
    "record",
]
