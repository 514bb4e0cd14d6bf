"""The optimisers by name: a learning rate, which may change from step to step, and a rule, which does not."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.errors import ArgumentError, say
from pellucid.ops import adam, sgd
from pellucid.ops.checks import number
from pellucid.signatures import CheckedSettings


class Optimizer(CheckedSettings):
    """A rule and its learning rate. Assign `lr` at any time; the next step uses it.

    With `decay_vectors=False` weight decay leaves parameters of one axis alone: biases, and a norm's weights. They are
    what PyTorch's users put into a parameter group of their own, with `weight_decay=0`.

    Raises: ArgumentError when `lr` is not a number ≥ 0.
    """

    rule: sgd.SGD | adam.Adam

    def __init__(self, rule: sgd.SGD | adam.Adam, lr: float) -> None:
        self.rule = rule
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        number(type(self).__name__, "lr", value, "[0, inf)")
        self._lr = float(value)

    def __setattr__(self, name: str, value: object) -> None:
        if name not in ("rule", "lr", "_lr"):
            rule = say("{name!r} is no setting that can change", name=name)
            hint = say("make another {kind}", kind=type(self).__name__)
            raise ArgumentError(
                type(self).__name__, rule, expected="lr", got=f"{name} = {value!r}", hint=hint
            )
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr}, rule={self.rule})"


class SGD(Optimizer):
    """Stochastic gradient descent: parameter = parameter − lr·velocity. See `pellucid.ops.sgd` for the formula.

    Example:
        >>> SGD(lr=0.05, momentum=0.9).lr
        0.05
    """

    def __init__(
        self,
        lr: float,
        momentum: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        decay_vectors: bool = True,
    ) -> None:
        super().__init__(sgd.SGD(momentum, weight_decay, nesterov, decay_vectors), lr)


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015). See `pellucid.ops.adam` for the formula."""

    def __init__(
        self,
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        decay_vectors: bool = True,
    ) -> None:
        super().__init__(adam.Adam(betas, eps, weight_decay, decay_vectors=decay_vectors), lr)


class AdamW(Optimizer):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019)."""

    def __init__(
        self,
        lr: float = 1e-3,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        *,
        decay_vectors: bool = True,
    ) -> None:
        super().__init__(adam.Adam(betas, eps, weight_decay, True, decay_vectors), lr)
