"""PyTorch with every setting that makes it faster: fused optimiser, flush-to-zero, folded batch norms and the like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pellucid.bench.cases import LR, MOMENTUM, Array, Case, weights


def load() -> None:
    """Import it."""
    import torch  # noqa: F401


def train(
    case: Case, folder: Path, threads: int, *, channels_last: bool = False, compiled: bool = False
) -> Callable[[int], float]:
    """The loop of PyTorch's tutorials; batches already lie as the network wants them."""
    import torch

    network, layout = _network(case, folder, threads, channels_last)
    network.train()
    tensors = [(torch.from_numpy(x).to(memory_format=layout), torch.from_numpy(y)) for x, y in case.batches()]
    optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM, fused=True)

    def loss_of(x: Any, y: Any) -> Any:
        return torch.nn.functional.cross_entropy(network(x), y)

    forward = torch.compile(loss_of) if compiled else loss_of

    def step(number: int) -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = forward(*tensors[number % len(tensors)])
        loss.backward()
        optimizer.step()
        return float(loss.item())

    return step


def infer(
    case: Case,
    folder: Path,
    threads: int,
    *,
    channels_last: bool = False,
    compiled: bool = False,
    frozen: bool = False,
) -> Callable[[int], Array]:
    """The network in inference mode; `frozen` and `compiled` make constants of its weights."""
    import torch

    network, layout = _network(case, folder, threads, channels_last)
    network.eval()
    tensors = [torch.from_numpy(x).to(memory_format=layout) for x, _ in case.batches()]
    mode = torch.inference_mode
    if compiled:
        import torch._inductor.config

        torch._inductor.config.freezing = True
        network, mode = torch.compile(network), torch.no_grad  # freezing knows no tensors of inference mode
    elif frozen:
        with torch.no_grad():
            network = torch.jit.freeze(torch.jit.trace(network, tensors[0]))
            network = torch.jit.optimize_for_inference(network)

    def batch(number: int) -> Array:
        with mode():
            logits: Array = network(tensors[number % len(tensors)]).numpy()
        return logits

    return batch


def _network(case: Case, folder: Path, threads: int, channels_last: bool) -> tuple[Any, Any]:
    """The twin with the given weights, and its memory format."""
    import torch

    from pellucid.bench.twins import twin

    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = twin(case.model).to(memory_format=layout)
    tensors = network.state_dict()
    for name, array in weights(folder):
        tensors[name].copy_(torch.from_numpy(array))
    return network, layout
