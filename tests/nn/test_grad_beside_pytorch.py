"""`pc.grad` beside PyTorch's autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.support.recorded import normal

import pellucid as pc
from pellucid import functional as F

T = torch.nn.functional
X, W = normal(2, 3, 8, 7, dtype=np.float64), normal(4, 3, 3, 3, dtype=np.float64, seed=1)


def close(ours, theirs):
    assert ours.dtype == np.float64
    assert np.allclose(ours, theirs.numpy(), rtol=0, atol=1e-12)
    return True


def test_gradients_of_arguments():
    def ours(x, w, scale=1.0):
        return (F.relu(F.conv2d(x, w.reshape(4, 3, 3, 3) if scale < 0 else w)) ** 2).mean() * scale

    with pytest.raises(pc.ArgumentError, match="weight must be an array of the model, not an activation"):
        pc.grad(ours)(X, W)

    def loss(f, x, y, scale):
        return (f.relu(x[0] if isinstance(x, tuple) else x) * y["b"]).mean() * scale + f.mse_loss(
            y["a"], y["b"]
        )

    a, b = normal(2, 2, 3, 5, dtype=np.float64, seed=2)
    tensors = [torch.tensor(array, requires_grad=True) for array in (X[:, :, 0, :5], a, b)]
    loss(T, tensors[0], {"a": tensors[1], "b": tensors[2]}, 3.0).backward()
    function = lambda x, y, scale: loss(F, x, y, scale)  # noqa: E731
    x = X[:, :, 0, :5]
    for argnums in (0, "x", -3):
        assert close(pc.grad(function, argnums)(x, {"a": a, "b": b}, 3.0), tensors[0].grad)
    both = pc.grad(function, (1, "x"))(x, y={"a": a, "b": b}, scale=3.0)
    assert close(both[0]["a"], tensors[1].grad)
    assert close(both[0]["b"], tensors[2].grad)
    assert close(both[1], tensors[0].grad)
    (inside,) = pc.grad(function)((x,), {"a": a, "b": b}, 3.0)
    assert close(inside, tensors[0].grad)


def build(nn):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 30, 5))


@pytest.fixture
def twins():
    torch.manual_seed(0)
    theirs, ours = build(torch.nn).double().eval(), build(pc).astype("float64")
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})
    return ours, theirs


def test_gradients_of_parameters_and_of_inputs_through_modules(twins):
    ours, theirs = twins
    y = np.array([4, 1])
    x = torch.tensor(X, requires_grad=True)
    T.cross_entropy(theirs(x), torch.tensor(y)).backward()

    def function(x, y):
        return F.cross_entropy(ours(x), y)

    found = pc.grad(function, of=ours)(X, y)
    assert list(found) == [name for name, _ in ours.named_parameters()]
    assert all(close(found[name], parameter.grad) for name, parameter in theirs.named_parameters())
    assert close(pc.grad(function)(X, y), x.grad)
    assert (ours.state_dict()["1.running_mean"] == 0).all()
    ours[0].requires_grad_(False)
    assert list(pc.grad(function, of=ours)(X, y)) == ["1.weight", "1.bias", "4.weight", "4.bias"]


def test_a_function_is_looked_at_anew_in_each_call():
    share = 1.0

    def function(x):
        return (x * x).sum() * share

    gradient = pc.grad(function)
    assert gradient(np.array([1.0, 2.0])).tolist() == [2, 4]
    share = 3.0
    assert gradient(np.array([1.0, 2.0])).tolist() == [6, 12]
    assert gradient(np.array([1.0, 2.0], np.float32)).dtype == np.float32


def test_what_a_number_does_not_depend_on_has_gradient_0():
    model = pc.Linear(2, 2)
    found = pc.grad(lambda x, y: (y * 2.0).sum(), of=model)(np.ones((1, 2)), np.ones((1, 2)))
    assert not found["weight"].any()
    assert found["weight"].shape == (2, 2)
    assert not pc.grad(lambda x, y: (y * 2.0).sum())(np.ones((1, 2)), np.ones((1, 2))).any()


def test_what_cannot_be_is_said():
    x = np.ones((2, 3))
    for call, said in {
        lambda: pc.grad(3): "grad: there must be a function to differentiate. Got 3.",
        lambda: pc.grad(lambda x: x, of=3): "grad: of must be a pellucid Module. Got int.",
        lambda: pc.grad(lambda x: x * 2.0)(x): (
            "grad: the function must return one number. Expected (). Got 'mul.output' (2, 3)."
        ),
        lambda: pc.grad(lambda x: x.sum(), 1)(x): "grad: there is no argument 1. Expected x.",
        lambda: pc.grad(lambda x, y: x.sum(), "y")(x, np.array([1])): (
            "grad: argument 'y' must hold floats to have a gradient."
        ),
        lambda: pc.grad(lambda x, y: x.sum(), "y")(
            x, 2.0
        ): "grad: argument 'y' must hold floats to have a gradient.",
    }.items():
        with pytest.raises(pc.PellucidError) as caught:
            call()
        assert str(caught.value) == said
