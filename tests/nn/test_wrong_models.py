"""Wrong models and wrong calls: each raises one clear error, whose text is asserted to the letter."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid as pc
from pellucid import functional as F

IMAGES = np.zeros((2, 3, 8, 6), np.float32)
LABELS = np.array([0, 1])


class Net(pc.Module):
    """A module whose forward is given; its layers come by keyword."""

    def __init__(self, forward, **layers):
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._function = forward

    def forward(self, x):
        return self._function(self, x)


def features(*layers):
    """A network whose layers are called features.0, features.1, …."""
    return Net(lambda net, x: net.features(x), features=pc.Sequential(*layers))


def infer(*layers):
    return features(*layers)(IMAGES)


def train(model, x=IMAGES, y=LABELS, optimizer=None, **settings):
    return pc.TrainStep(model, optimizer or pc.SGD(lr=0.1), **settings)(x, y)


def classifier():
    return pc.Sequential(pc.Conv2d(3, 4, 3), pc.Flatten(), pc.Linear(4 * 6 * 4, 5))


def forward(function, **layers):
    """The result of a forward written as a function of (net, x); there is a convolution `conv` for it to use."""
    return Net(function, conv=pc.Conv2d(3, 4, 3), **layers)(IMAGES)


def replace_weight(value):
    net = Net(lambda net, x: net.conv(x), conv=pc.Conv2d(3, 4, 3))
    net.conv.weight = value
    return net(IMAGES)


def replace_bias(value):
    net = Net(lambda net, x: net.conv(x), conv=pc.Conv2d(3, 4, 3))
    net.conv.bias = value
    return net(IMAGES)


def load(name, value):
    net = Net(lambda net, x: net.conv(x), conv=pc.Conv2d(3, 4, 3, bias=False))
    net.load_state_dict({**net.state_dict(), name: value})


def two_precisions():
    net = classifier()
    net[2].astype("float64")
    return net(IMAGES)


def late_commit():
    step = pc.TrainStep(classifier(), pc.SGD(lr=0.1))
    recording = step.record(IMAGES, LABELS)
    step(IMAGES, LABELS)
    recording.commit()


def fit(images=IMAGES, labels=LABELS, **settings):
    pc.fit(classifier(), pc.Dataset(images, labels), **{"optimizer": pc.SGD(lr=0.1), "epochs": 1, **settings})


def later_batch(y):
    step = pc.TrainStep(classifier(), pc.SGD(lr=0.1))
    step(IMAGES, LABELS)
    step(IMAGES, y)


CASES = {
    # layers that do not fit together
    "channels": (
        lambda: infer(pc.Conv2d(3, 4, 3), pc.ReLU(), pc.MaxPool2d(2), pc.Conv2d(5, 4, 1)),
        pc.ShapeError,
        "conv2d 'features.3': input channels must equal weight channels × groups. "
        "Expected C=5 from weight (4, 5, 1, 1), groups=1. "
        "Got C=4 from input (2, 4, 3, 2). "
        "Hint: set in_channels=4.",
    ),
    "axes": (
        lambda: infer(pc.Conv1d(3, 4, 3)),
        pc.ShapeError,
        "conv1d 'features.0': input must have 3 axes. Expected (N,C,W). Got input (2, 3, 8, 6).",
    ),
    "window larger than input": (
        lambda: infer(pc.Conv2d(3, 4, 3), pc.Conv2d(4, 4, (5, 7))),
        pc.ShapeError,
        "conv2d 'features.1': the window must not be larger than the padded input. "
        "Expected at most 4 positions along W. "
        "Got 7 (kernel 7, dilation 1) on input 4 with padding 0+0. "
        "Hint: use a smaller kernel_size or more padding.",
    ),
    "pooling larger than input": (
        lambda: infer(pc.MaxPool2d(9)),
        pc.ShapeError,
        "max_pool2d 'features.0': the window must not be larger than the padded input. "
        "Expected at most 8 positions along H. "
        "Got 9 (kernel 9, dilation 1) on input 8 with padding 0+0. "
        "Hint: use a smaller kernel_size or more padding.",
    ),
    "linear after a convolution": (
        lambda: infer(pc.Conv2d(3, 4, 3), pc.Linear(96, 5)),
        pc.ShapeError,
        "linear 'features.1': the input's last axis must equal in_features. "
        "Expected 96 from weight (5, 96). "
        "Got 4 from input (2, 4, 6, 4). "
        "Hint: put Flatten before the layer.",
    ),
    "an activation as a weight": (
        lambda: forward(lambda net, x: F.linear(F.flatten(x, 1), F.flatten(x, 1))),
        pc.ArgumentError,
        "linear 'linear': weight must be an array of the model, not an activation. Got 'flatten#2.output'.",
    ),
    "a product of one image's features with another's": (
        lambda: forward(lambda net, x: F.flatten(x, 1) @ F.flatten(x, 1)),
        pc.ShapeError,
        "matmul 'matmul': the input's last axis must equal the other's last but one. Expected 2 from other (2, 144). "
        "Got 144 from input (2, 144).",
    ),
    "a product that mixes images": (
        lambda: forward(lambda net, x: net.w @ F.flatten(x, 1), w=pc.Parameter(np.ones((3, 2), np.float32))),
        pc.ShapeError,
        "matmul 'matmul': in a network a product must not mix images. Got (3, 2) and (2, 144). "
        "Hint: keep the images as the first axis of tensors with three axes or more.",
    ),
    "a product with a number": (
        lambda: forward(lambda net, x: x @ 2),
        pc.ShapeError,
        "matmul 'matmul': both operands must have at least one axis. Got (2, 3, 8, 6) and ().",
    ),
    "linear of another size": (
        lambda: infer(pc.Conv2d(3, 4, 3), pc.Flatten(), pc.Linear(100, 5)),
        pc.ShapeError,
        "linear 'features.2': the input's last axis must equal in_features. "
        "Expected 100 from weight (5, 100). "
        "Got 96 from input (2, 96). "
        "Hint: set in_features=96.",
    ),
    "unequal shortcut": (
        lambda: forward(lambda net, x: net.conv(x) + x),
        pc.ShapeError,
        "add 'add': the shapes must broadcast: from the last axis on, sizes must be equal or 1. "
        "Got (2, 4, 6, 4) and (2, 3, 8, 6). "
        "Hint: give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution.",
    ),
    "a call outside layers": (
        lambda: forward(lambda _, x: F.max_pool2d(F.max_pool2d(x, 2), 4)),
        pc.ShapeError,
        "max_pool2d 'max_pool2d#2': the window must not be larger than the padded input. "
        "Expected at most 3 positions along W. Got 4 (kernel 4, dilation 1) on input 3 with padding 0+0. "
        "Hint: use a smaller kernel_size or more padding.",
    ),
    "unequal shortcut in a block": (
        lambda: infer(pc.ReLU(), Net(lambda net, x: net.conv(x) + x, conv=pc.Conv2d(3, 4, 1))),
        pc.ShapeError,
        "add 'features.1': the shapes must broadcast: from the last axis on, sizes must be equal or 1. "
        "Got (2, 4, 8, 6) and (2, 3, 8, 6). "
        "Hint: give the smaller one axes of size 1, or bring both to one shape with a 1×1 convolution.",
    ),
    "norm of other channels": (
        lambda: infer(pc.Conv2d(3, 4, 3), pc.BatchNorm2d(3)),
        pc.ShapeError,
        "batch_norm 'features.1': running_mean must have one value per channel. "
        "Expected (4,). "
        "Got running_mean (3,) for input (2, 4, 6, 4). "
        "Hint: set num_features=4.",
    ),
    "norm of other axes": (
        lambda: infer(pc.Flatten(), pc.BatchNorm2d(3)),
        pc.ShapeError,
        "BatchNorm2d 'features.1': input must have axes (N,C,H,W). Got input (2, 144).",
    ),
    "one value per channel": (
        lambda: train(
            pc.Sequential(pc.Flatten(), pc.Linear(144, 5), pc.BatchNorm1d(5)), IMAGES[:1], LABELS[:1]
        ),
        pc.ShapeError,
        "batch_norm '2': training needs more than 1 value per channel. "
        "Got input (1, 5). "
        "Hint: use a larger batch, or inference mode.",
    ),
    "model's input channels": (
        lambda: pc.models.lenet5()(IMAGES),
        pc.ShapeError,
        "conv2d 'conv1': input channels must equal weight channels × groups. "
        "Expected C=1 from weight (6, 1, 5, 5), groups=1. "
        "Got C=3 from input (2, 3, 8, 6). "
        "Hint: set in_channels=3.",
    ),
    "model's input size": (
        lambda: pc.models.lenet5()(np.zeros((2, 1, 32, 32))),
        pc.ShapeError,
        "linear 'fc1': the input's last axis must equal in_features. "
        "Expected 400 from weight (120, 400). "
        "Got 576 from input (2, 576). "
        "Hint: set in_features=576.",
    ),
    # layers that cannot be
    "in_channels and groups": (
        lambda: pc.Conv2d(6, 8, 3, groups=4),
        pc.ArgumentError,
        "Conv2d: in_channels must be a multiple of groups. Got in_channels=6, groups=4.",
    ),
    "out_channels and groups": (
        lambda: pc.Conv2d(8, 6, 3, groups=4),
        pc.ArgumentError,
        "Conv2d: out_channels must be a multiple of groups. Got out_channels=6, groups=4.",
    ),
    "kernel_size": (
        lambda: pc.Conv2d(3, 4, (3, 3, 3)),
        pc.ArgumentError,
        "Conv2d: kernel_size must be an integer, or one integer per axis. "
        "Expected 2 values ≥ 1. "
        "Got kernel_size=(3, 3, 3).",
    ),
    "stride": (
        lambda: pc.Conv2d(3, 4, 3, stride=0),
        pc.ArgumentError,
        "Conv2d: stride must be an integer, or one integer per axis. Expected 2 values ≥ 1. Got stride=0.",
    ),
    "padding's name": (
        lambda: pc.Conv2d(3, 4, 3, padding="full"),
        pc.ArgumentError,
        "Conv2d: padding has no such name. Expected 'valid' or 'same'. Got 'full'.",
    ),
    "pool padding": (
        lambda: pc.MaxPool2d(2, padding=2),
        pc.ArgumentError,
        "MaxPool2d: padding must be at most half of kernel_size. Got padding=2 for kernel_size=2.",
    ),
    "features": (
        lambda: pc.Linear(0, 5),
        pc.ArgumentError,
        "Linear: in_features must be a whole number. Expected in_features ≥ 1. Got in_features=0.",
    ),
    "dropout": (
        lambda: pc.Dropout(1.5),
        pc.ArgumentError,
        "Dropout: p must be a number in [0, 1]. Got p=1.5.",
    ),
    "list in Sequential": (
        lambda: pc.Sequential([pc.ReLU(), pc.ReLU()]),
        pc.ArgumentError,
        "Sequential: every layer must be a module. "
        "Got list at position 0. "
        "Hint: write Sequential(layer, layer, …); Sequential(*layers) for a list.",
    ),
    "no module in Sequential": (
        lambda: pc.Sequential(pc.ReLU(), F.relu),
        pc.ArgumentError,
        "Sequential: every layer must be a module. "
        "Got function at position 1. "
        "Hint: write Sequential(layer, layer, …); Sequential(*layers) for a list.",
    ),
    # forwards that cannot be traced
    "no forward": (
        lambda: pc.Module()(IMAGES),
        pc.ArgumentError,
        "Module: forward is not written. Hint: add `def forward(self, x)` to Module.",
    ),
    "no output": (
        lambda: forward(lambda net, x: print(end="")),
        pc.ArgumentError,
        "forward: a network must return tensors. Got None.",
    ),
    "a number": (
        lambda: forward(lambda net, x: (net.conv(x), 1.0)),
        pc.ArgumentError,
        "forward: a network must return tensors. "
        "Expected a tensor, or a tuple, a list or a dict of tensors. Got float.",
    ),
    "its input": (
        lambda: train(Net(lambda net, x: x, fc=pc.Linear(6, 5)), IMAGES[:, 0, 0]),
        pc.ArgumentError,
        "TrainStep: the loss must depend on a parameter that is to be trained. "
        "Got none of fc.weight, fc.bias.",
    ),
    "two outputs, and a loss that compares one": (
        lambda: train(Net(lambda net, x: (net.conv(x), x), conv=pc.Conv2d(3, 4, 3))),
        pc.ArgumentError,
        "TrainStep: a loss that is given by its name compares one output with its targets. Got tuple. "
        "Hint: loss=lambda output, target: …, with functions of pellucid.functional.",
    ),
    "NumPy": (
        lambda: forward(lambda net, x: np.maximum(net.conv(x), 0)),
        pc.ArgumentError,
        "forward: a network's tensors have no numbers while it is traced, so NumPy functions cannot take "
        "them. "
        "Got 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "np.asarray": (
        lambda: forward(lambda net, x: np.asarray(net.conv(x))),
        pc.ArgumentError,
        "forward: a network's tensors have no numbers while it is traced, so NumPy functions cannot take "
        "them. "
        "Got 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "remainder": (
        lambda: forward(lambda net, x: net.conv(x) % 2),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got % on 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "comparison": (
        lambda: forward(lambda net, x: net.conv(x) if x > 0 else x),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got a condition on 'gt.output' of shape (2, 3, 8, 6). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "truth": (
        lambda: forward(lambda net, x: net.conv(x) if x else x),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got a condition on 'input' of shape (2, 3, 8, 6). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "index": (
        lambda: forward(lambda net, x: net.conv(x)[[0, 1]]),
        pc.ArgumentError,
        "getitem: an index holds integers, slices, None and …. Got [0, 1]. "
        "Hint: choose by numbers with a product with a mask.",
    ),
    "assignment": (
        lambda: forward(lambda net, x: net.conv(x).__setitem__(0, x)),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got an assignment on 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "loop": (
        lambda: forward(lambda net, x: [net.conv(row) for row in x]),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got a loop on 'input' of shape (2, 3, 8, 6). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "length": (
        lambda: forward(lambda net, x: net.conv(x) if len(x) else x),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got len() on 'input' of shape (2, 3, 8, 6). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "float": (
        lambda: forward(lambda net, x: float(net.conv(x))),
        pc.ArgumentError,
        "forward: of Python's operators a traced tensor supports +, -, *, /, @, **, <, <=, > and >=. "
        "Got float() on 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use the functions of pellucid.functional.",
    ),
    "method": (
        lambda: forward(lambda net, x: net.conv(x).numpy()),
        pc.MissingError,
        "forward: a traced tensor has no attribute 'numpy'. "
        "Got 'conv.output' of shape (2, 4, 6, 4). "
        "Hint: use pellucid.functional (flatten, relu, …) or a layer.",
    ),
    "method in a block": (
        lambda: infer(pc.ReLU(), Net(lambda net, x: x.detach())),
        pc.MissingError,
        "forward 'features.1': a traced tensor has no attribute 'detach'. "
        "Got 'features.0.output' of shape (2, 3, 8, 6). "
        "Hint: use pellucid.functional (flatten, relu, …) or a layer.",
    ),
    "plus a truth value": (
        lambda: forward(lambda net, x: net.conv(x) + True),
        pc.ArgumentError,
        "add: operands must be traced tensors, arrays of NumPy or parameters of the model. Got bool True.",
    ),
    "layers in a dict": (
        lambda: forward(lambda net, x: net.layers["a"](x), layers={"a": pc.Conv2d(3, 4, 3)}),
        pc.ArgumentError,
        "conv2d: operands must be traced tensors, arrays of NumPy or parameters of the model. "
        "Got Parameter (4, 3, 3, 3). "
        "Hint: make parameters and layers attributes of the module, or items of lists there.",
    ),
    "a layer made in forward": (
        lambda: forward(lambda net, x: pc.Conv2d(3, 4, 3)(x)),
        pc.ArgumentError,
        "conv2d: operands must be traced tensors, arrays of NumPy or parameters of the model. "
        "Got Parameter (4, 3, 3, 3). "
        "Hint: make parameters and layers attributes of the module, or items of lists there.",
    ),
    "two inputs": (
        lambda: Net(lambda net, x: net.conv(x), conv=pc.Conv2d(3, 4, 3))(IMAGES, IMAGES),
        pc.SignatureError,
        "Net: too many positional arguments. Expected x.",
    ),
    # inputs
    "None": (
        lambda: classifier()(None),
        pc.ArgumentError,
        "Sequential: input must be given. Expected an array of real numbers. Got None.",
    ),
    "text": (
        lambda: classifier()("image.png"),
        pc.ArgumentError,
        "Sequential: input must be an array of real numbers. Got str. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    "complex": (
        lambda: classifier()(np.zeros((2, 3, 8, 6), complex)),
        pc.ArgumentError,
        "Sequential: input must be an array of real numbers. Got ndarray of dtype complex128. "
        "Hint: use input.real, or abs(input).",
    ),
    "no batch": (
        lambda: classifier()(IMAGES[0]),
        pc.ShapeError,
        "conv2d '0': input must have 4 axes. "
        "Expected (N,C,H,W). "
        "Got input (3, 8, 6). "
        "Hint: add the batch axis, x[None].",
    ),
    "no batch of volumes": (
        lambda: pc.Sequential(pc.Conv3d(3, 4, 1))(IMAGES),
        pc.ShapeError,
        "conv3d '0': input must have 5 axes. "
        "Expected (N,C,D,H,W). "
        "Got input (2, 3, 8, 6). "
        "Hint: add the batch axis, x[None].",
    ),
    "no channels": (
        lambda: pc.Sequential(pc.Conv2d(1, 4, 3))(IMAGES[:, 0]),
        pc.ShapeError,
        "conv2d '0': input must have 4 axes. "
        "Expected (N,C,H,W). "
        "Got input (2, 8, 6). "
        "Hint: add the channel axis, x[:, None].",
    ),
    "rows of different lengths": (
        lambda: classifier()([[1, 2], [3]]),
        pc.ArgumentError,
        "Sequential: input must be an array of real numbers. Got list with rows of different lengths. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    # training
    "no parameters": (
        lambda: train(pc.Sequential(pc.Flatten())),
        pc.ArgumentError,
        "TrainStep: the model must have parameters to train. Got Sequential without any.",
    ),
    "empty batch": (
        lambda: train(classifier(), IMAGES[:0], LABELS[:0]),
        pc.ShapeError,
        "TrainStep: x must be a batch of at least one image. Expected x of (N,C,…). Got x (0, 3, 8, 6).",
    ),
    "a vector": (
        lambda: train(classifier(), IMAGES[0, 0, 0], LABELS),
        pc.ShapeError,
        "TrainStep: x must be a batch of at least one image. Expected x of (N,C,…). Got x (6,).",
    ),
    "an input of another name": (
        lambda: train(classifier(), {"x": IMAGES}),
        pc.SignatureError,
        "TrainStep: there is no setting 'x'. Expected input.",
    ),
    "too many labels": (
        lambda: train(classifier(), y=np.array([0, 1, 2])),
        pc.ShapeError,
        "TrainStep: there must be one label per input. Expected y (2,). Got y (3,).",
    ),
    "one-hot labels": (
        lambda: train(classifier(), y=np.eye(5)[:2].astype(int)),
        pc.ShapeError,
        "TrainStep: there must be one label per input. "
        "Expected y (2,). "
        "Got y (2, 5). "
        "Hint: use y.argmax(axis=1) for one-hot rows.",
    ),
    "float labels": (
        lambda: train(classifier(), y=np.array([0.0, 1.0])),
        pc.ArgumentError,
        "TrainStep: labels must be whole numbers. Got y of dtype float64. Hint: use y.astype(np.int64).",
    ),
    "no labels": (
        lambda: train(classifier(), y=None),
        pc.ArgumentError,
        "TrainStep: y must be given. Expected an array of real numbers. Got None.",
    ),
    "label too large in a later batch": (
        lambda: later_batch(np.array([0, 7])),
        pc.ArgumentError,
        "cross_entropy: a label must be a class of the network. Expected 0 to 4. Got y[1] = 7.",
    ),
    "label too large": (
        lambda: train(classifier(), y=np.array([0, 5])),
        pc.ArgumentError,
        "cross_entropy: a label must be a class of the network. Expected 0 to 4. Got y[1] = 5.",
    ),
    "label too small": (
        lambda: train(classifier(), y=np.array([-1, 0])),
        pc.ArgumentError,
        "cross_entropy: a label must be a class of the network. Expected 0 to 4. Got y[0] = -1.",
    ),
    "output without classes": (
        lambda: train(pc.Sequential(pc.Conv2d(3, 4, 3))),
        pc.ShapeError,
        "cross_entropy 'cross_entropy': target must have the input's shape without the classes. "
        "Expected target (2, 6, 4) for input (2, 4, 6, 4). "
        "Got target (2,). "
        "Hint: end the network in logits (N, classes), for example with Flatten and Linear.",
    ),
    "unknown loss": (
        lambda: train(classifier(), loss="hinge"),
        pc.ArgumentError,
        "TrainStep: loss has no such name. Expected cross_entropy or mse_loss. Got 'hinge'.",
    ),
    "mse of one axis less": (
        lambda: train(classifier(), y=np.zeros(2), loss="mse_loss"),
        pc.ShapeError,
        "mse_loss 'mse_loss': input and target must have the same shape. Expected target (2, 5). Got target (2,).",
    ),
    "mse of no targets": (
        lambda: train(classifier(), y=np.zeros((0, 5)), loss="mse_loss"),
        pc.ShapeError,
        "TrainStep: targets must have the shape of the network's output and not be empty. "
        "Expected y of (N,…). Got y (0, 5).",
    ),
    "mse of another shape": (
        lambda: train(classifier(), y=np.zeros((2, 4)), loss="mse_loss"),
        pc.ShapeError,
        "mse_loss 'mse_loss': input and target must have the same shape. Expected target (2, 5). Got target (2, 4).",
    ),
    "optimizer's class": (
        lambda: train(classifier(), optimizer=pc.SGD),
        pc.ArgumentError,
        "TrainStep: optimizer must be an SGD, Adam or AdamW of pellucid. "
        "Got the class pellucid.train.optimizers.SGD itself. "
        "Hint: optimizer=pellucid.SGD(lr=0.05).",
    ),
    "optimizer's name": (
        lambda: train(classifier(), optimizer="sgd"),
        pc.ArgumentError,
        "TrainStep: optimizer must be an SGD, Adam or AdamW of pellucid. "
        "Got str. "
        "Hint: optimizer=pellucid.SGD(lr=0.05).",
    ),
    "no model": (
        lambda: train(lambda x: x),
        pc.ArgumentError,
        "TrainStep: model must be a pellucid Module. Got function.",
    ),
    "seed": (
        lambda: train(classifier(), seed=-1),
        pc.ArgumentError,
        "TrainStep: seed must be a whole number. Expected 0 ≤ seed < 2⁶³. Got seed=-1.",
    ),
    "lr": (
        lambda: pc.SGD(lr=-0.1),
        pc.ArgumentError,
        "SGD: lr must be a number in [0, inf). Got lr=-0.1.",
    ),
    "momentum": (
        lambda: pc.SGD(lr=0.1, momentum=-1),
        pc.ArgumentError,
        "sgd: momentum must be a number in [0, inf). Got momentum=-1.",
    ),
    "nesterov": (
        lambda: pc.SGD(lr=0.1, nesterov=True),
        pc.ArgumentError,
        "sgd: nesterov needs momentum. Expected momentum > 0. Got momentum=0.",
    ),
    "betas": (
        lambda: pc.Adam(betas=(0.9, 1.0)),
        pc.ArgumentError,
        "adam: betas[1] must be a number in [0, 1). Got betas[1]=1.0.",
    ),
    # recordings and the loop
    "record without optimizer": (
        lambda: pc.record(classifier(), IMAGES, LABELS),
        pc.ArgumentError,
        "record: a training step needs an optimizer. Hint: optimizer=pellucid.SGD(lr=0.05).",
    ),
    "commit too late": (
        late_commit,
        pc.ArgumentError,
        "commit: the model has moved on since this step was recorded. Hint: record the step again.",
    ),
    "commit of an inference": (
        lambda: pc.record(classifier(), IMAGES).commit(),
        pc.ArgumentError,
        "commit: this recording holds no update. Hint: record a training step.",
    ),
    "no images": (
        lambda: fit(IMAGES[:0], LABELS[:0]),
        pc.DataError,
        "fit: there is nothing to train on. Got 0 images.",
    ),
    "epochs": (
        lambda: fit(epochs=0),
        pc.ArgumentError,
        "fit: epochs must be a whole number ≥ 1. Got epochs=0.",
    ),
    "batch_size": (
        lambda: fit(batch_size=2.5),
        pc.ArgumentError,
        "fit: batch_size must be a whole number. Expected batch_size ≥ 1. Got batch_size=2.5.",
    ),
    "images without bounds": (
        lambda: fit(np.full_like(IMAGES, np.inf)),
        pc.DataError,
        "fit: images must be finite numbers of float32. "
        "Got inf at [0, 0, 0, 0]. "
        "Hint: mend these images, or leave them out.",
    ),
    "threads": (
        lambda: pc.set_num_threads(0),
        pc.ArgumentError,
        "set_num_threads: the number of threads must be an integer. Expected 1 to 1024. Got 0.",
    ),
    # parameters and precision
    "weight of another shape": (
        lambda: replace_weight(np.zeros((4, 3, 3, 5))),
        pc.ShapeError,
        "Conv2d.weight: the shape must stay. Expected (4, 3, 3, 3). Got (4, 3, 3, 5).",
    ),
    "weight of no numbers": (
        lambda: replace_weight("zeros"),
        pc.ArgumentError,
        "Conv2d.weight: the value must be an array of real numbers. Got str. "
        "Hint: pass a NumPy array or nested lists of numbers.",
    ),
    "complex weight": (
        lambda: replace_weight(np.zeros((4, 3, 3, 3), complex)),
        pc.ArgumentError,
        "Conv2d.weight: the value must be an array of real numbers. Got ndarray of dtype complex128. "
        "Hint: use value.real, or abs(value).",
    ),
    "new weight of other channels": (
        lambda: replace_weight(pc.Parameter(np.zeros((4, 2, 3, 3)))),
        pc.ShapeError,
        "conv2d 'conv': input channels must equal weight channels × groups. "
        "Expected C=2 from weight (4, 2, 3, 3), groups=1. "
        "Got C=3 from input (2, 3, 8, 6). "
        "Hint: set in_channels=3.",
    ),
    "new bias of another length": (
        lambda: replace_bias(pc.Parameter(np.zeros(3))),
        pc.ShapeError,
        "conv2d 'conv': bias must have one value per output channel. Expected (4,). Got (3,).",
    ),
    "state dict of another shape": (
        lambda: load("conv.weight", np.zeros((4, 3, 5, 5))),
        pc.ShapeError,
        "Net.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got unfit: conv.weight: the shape must stay. "
        "Expected (4, 3, 3, 3). "
        "Got (4, 3, 5, 5).",
    ),
    "state dict with another name": (
        lambda: load("conv.wait", np.zeros(4)),
        pc.ArgumentError,
        "Net.load_state_dict: names and shapes must be those of the model; nothing was loaded. "
        "Got unexpected: conv.wait.",
    ),
    "two precisions": (
        two_precisions,
        pc.ArgumentError,
        "linear '2': all arrays of a network must be of its float type. "
        "Expected float32. "
        "Got float64 for '2.weight'. "
        "Hint: use astype on the whole model.",
    ),
    "dtype": (
        lambda: classifier().astype("float16"),
        pc.ArgumentError,
        "Sequential.astype: dtype has two choices. Expected float32 or float64. Got 'float16'.",
    ),
    "dtype's name": (
        lambda: classifier().astype("floaty"),
        pc.ArgumentError,
        "Sequential.astype: dtype has two choices. Expected float32 or float64. Got 'floaty'.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), CASES.values(), ids=CASES)
def test_error(call, kind, message):
    with pytest.raises(pc.PellucidError) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value) == message


@pytest.mark.parametrize("kernel", [3, 5])
def test_an_output_larger_than_any_memory_is_refused_at_once(kernel: int) -> None:
    model = pc.Conv2d(16, 16, kernel, padding=10**7)
    with pytest.raises(pc.NumericError) as error:
        model(np.ones((2, 16, 8, 8), np.float32))
    assert "the output must fit in memory" in str(error.value)


def test_hasattr_of_a_traced_tensor_is_false():
    class Careful(pc.Module):
        def forward(self, x):
            return x.flatten(1) if hasattr(x, "flatten") else pc.functional.flatten(x, 1)

    assert Careful()(np.zeros((2, 3, 4), np.float32)).shape == (2, 12)
