"""Training: one step, the loop around it, and what it is judged by."""

from pellucid.train.loop import Epoch, History, evaluate, fit, predict
from pellucid.train.optimizers import SGD, Adam, AdamW
from pellucid.train.step import TrainStep, record

__all__ = ["SGD", "Adam", "AdamW", "Epoch", "History", "TrainStep", "evaluate", "fit", "predict", "record"]
