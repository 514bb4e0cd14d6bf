"""What only moves numbers, in networks: recorded and fast, certified, explained from provenance alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.explain.test_provenance import compare
from tests.support.moves import MOVES, twice
from tests.support.recorded import normal, recording, run

import pellucid as pc
from pellucid import functional as F
from pellucid.engine.graph import trace
from pellucid.engine.sharing import is_part


class Net(pc.Module):
    def __init__(self, move: Any) -> None:
        self.move = move

    def forward(self, x: Any) -> Any:
        return self.move(x, F)


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("way", [lambda move: move, twice], ids=["once", "twice"])
def test_every_number_is_certified_and_read_from_provenance(name: str, way: Any) -> None:
    move, shape = MOVES[name]
    arrays = {"w": normal(shape[-1], seed=3)}

    def network(x: Any, w: Any) -> Any:
        return way(move)(x * w, F)

    rec = recording(run(network, normal(*shape), arrays))
    found = rec.certify(sample=2000)
    assert found.certified, str(found)
    assert not any(array.replay_mismatches for array in found.arrays)
    assert compare(rec)
    fast = run(network, normal(*shape), arrays, keep=False).plan
    (made,) = (block.array() for symbol, block in fast.gradients.items() if symbol.name == "w")
    np.testing.assert_array_equal(made, rec["grad(w)"])


def test_zeros_keep_their_sign_and_nan_stays() -> None:
    x = np.array([[-0.0, 0.0, np.nan, -np.inf, 1.0, -0.0]], np.float32)
    found = Net(lambda x, f: x.flip(1)[:, ::2])(x)
    assert found.tobytes() == x[:, ::-1][:, ::2].tobytes()
    kept = run(lambda x: x[:, 1:4].flip(1), x, {})
    grad = recording(kept)["grad(input)"]
    assert grad[0, [0, 4, 5]].tobytes() == np.zeros(3, np.float32).tobytes()


def test_what_a_network_gives_out_is_the_users_own() -> None:
    x = normal(2, 4, 5)
    model = Net(lambda x, f: x[:, 1:3])
    first = model(x)
    first[...] = 7
    np.testing.assert_array_equal(model(x), x[:, 1:3])
    assert first.base is None or first.base.nbytes == first.nbytes


def test_fields_follow_what_moves() -> None:
    rec = pc.record(Net(lambda x, f: f.pixel_shuffle(x, 2)[:, :, 1:].flip(3)), normal(1, 4, 3, 5))
    (last,) = [name for name in rec.names() if "flip" in name]
    assert rec.field(f"{last}[0,0,2,1]").input.addresses == ["input[0,2,1,4]"]
    assert rec.explain(f"{last}[0,0,2,1]").value == rec["input"][0, 2, 1, 4]


@pytest.mark.parametrize(
    ("move", "shared"),
    [
        (lambda x: F.flatten(x, 1), True),
        (lambda x: x[:, 1:].permute(0, 2, 1), True),
        (lambda x: x.reshape(-1, 20), True),
        (lambda x: x.view(x.size(0), -1), True),
        (lambda x: x.view(-1, x.size(0)), False),
        (lambda x: x.roll(1, 1), True),
        (lambda x: x.roll(1, 0), False),
        (lambda x: x.flip(0), False),
        (lambda x: x[1:].reshape(-1, 4, 5), False),
        (lambda x: F.cat([x, x], 0), False),
    ],
)
def test_a_batch_shares_a_plan_where_images_keep_to_themselves(move: Any, shared: bool) -> None:
    small, large = (
        trace(move, {"input": ((count, 4, 5), np.dtype(np.float32))}, {}, training=False) for count in (7, 8)
    )
    assert is_part(small, large) == shared


def test_images_that_move_are_right_for_any_batch() -> None:
    moves: dict[Any, Any] = {
        (lambda x, f: x.roll(1, 0)): lambda x: np.roll(x, 1, 0),
        (lambda x, f: x.flip(0)): lambda x: x[::-1],
        (lambda x, f: x[1:]): lambda x: x[1:],
    }
    for move, expected in moves.items():
        model, x = Net(move), normal(15, 3, seed=2)
        model(normal(16, 3))
        np.testing.assert_array_equal(model(x), expected(x))


def test_time_goes_into_the_batch_and_back() -> None:
    class Frames(pc.Module):
        def __init__(self) -> None:
            self.conv, self.head = pc.Conv2d(2, 4, 3), pc.Linear(4 * 3, 5)

        def forward(self, x: Any) -> Any:
            n, t, c, h, w = x.shape
            y = self.conv(x.view(n * t, c, h, w)).relu().view(n, t, 4, -1)[..., 0]
            return self.head(y.reshape(n, -1))

    model = Frames()
    step = pc.TrainStep(model, optimizer=pc.SGD(lr=0.1))
    x, y = normal(6, 3, 2, 5, 4), np.arange(6) % 5
    rec = step.record(x, y)
    assert rec.certify(sample=500).certified
    assert all(step(x, y) > 0 for _ in range(3))
    one = np.concatenate([model(x[i : i + 1]) for i in range(6)])
    np.testing.assert_array_equal(one, model(x))


def copied_forward(plan: Any) -> list[str]:
    moved = (loop for loop in plan.loops if loop.kernel.name == "moved")
    return [loop.name for loop in moved if loop.step is not None and loop.step.way == "forward"]


def test_slices_of_channels_and_images_are_read_where_they_lie() -> None:
    def halves(x: Any, w: Any) -> Any:
        one, other = (x * 2.0).chunk(2, dim=1)
        return F.conv2d(one, w, padding=1) * F.relu(other)

    x, arrays = normal(3, 40, 5, 6), {"w": normal(20, 20, 3, 3)}
    fast = run(halves, x, arrays, keep=False).plan
    assert copied_forward(fast) == []
    rec = recording(run(halves, x, arrays))
    (made,) = (block for symbol, block in fast.gradients.items() if symbol.name == "w")
    np.testing.assert_array_equal(made.array(), np.moveaxis(rec["grad(w)"], (0, 1), (3, 2)).ravel())


def test_a_slice_of_images_is_read_where_it_lies() -> None:
    x, arrays = normal(3, 40, 5, 6), {"w": normal(20, 40, 1, 1)}
    fast = run(lambda x, w: F.relu(F.conv2d((x * 2.0)[1:], w)), x, arrays, keep=False).plan
    assert copied_forward(fast) == []


def test_a_recording_of_moves_is_read_from_its_file(tmp_path: Any) -> None:
    def move(x: Any, f: Any) -> Any:
        x = x[..., None, 1:, :2].squeeze(-3).roll(3).unflatten(1, (2, -1)).movedim((1, 2), (-1, 1))
        return f.stack([x[:, 0], x[:, 1]], 1).flip(0).reshape((-1, 4))

    rec = pc.record(Net(move), normal(2, 4, 3, 5))
    rec.save(tmp_path / "moves.safetensors")
    again = pc.load_recording(tmp_path / "moves.safetensors")
    assert again.certify().certified
    assert again.provenance() == rec.provenance()
