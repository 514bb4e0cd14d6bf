"""Kernels check no bounds, so these tests do: a launch writes the inside of what it names, and halos are zero.

The arena is one for all blocks, and blocks that do not live at the same time share it; nothing may be seen of that.
"""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.branches import BRANCHED

import pellucid as pc
from pellucid import functional as F
from pellucid.engine import arena
from pellucid.engine.buffers import Block, Tensor
from pellucid.engine.compose import lower, plan_of
from pellucid.engine.graph import trace
from pellucid.engine.program import Bound, Program, clear_halo
from pellucid.kernels import tape

POISON = 0xFF  # bytes of which every float is NaN
MODELS = {"lenet5": (1, 28, 28), "mnist_cnn": (1, 28, 28), "vgg_small": (3, 32, 32), "resnet20": (3, 32, 32)}


class Odd(pc.Module):
    """Odd sizes everywhere: groups, dilation, asymmetric padding, overlapping pools, a branch, dropout."""

    def __init__(self):
        self.stem = pc.Conv2d(3, 10, (3, 2), stride=(2, 1), padding=((2, 1), (0, 3)))
        self.norm, self.pool = pc.BatchNorm2d(10), pc.MaxPool2d(3, stride=2, padding=1)
        self.wide = pc.Conv2d(10, 10, 3, padding=2, dilation=2, groups=5)
        self.mean, self.drop = pc.AvgPool2d((2, 3), stride=(1, 2), ceil_mode=True), pc.Dropout(0.3)
        self.head = pc.Linear(60, 7)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.stem(x))))
        x = F.gelu(F.relu(self.wide(x)) + x)
        return self.head(F.flatten(self.drop(self.mean(x)), 1))


class Inspector:
    """Plays a program launch by launch and looks at the arena before and after each.

    Whatever belongs to no living block is poison, but for the halos that nobody clears: reading it would show.
    """

    def __init__(self, program):
        self.program, self.play = program, tape.team.play
        loops = {*program.plan.loops, *program.plan.commits}
        self.clearings = {bound for bound in program.loops if bound.loop not in loops}
        self.times = np.cumsum([0, *(bound not in self.clearings for bound in program.loops)])
        self.named = [{block.root for block in bound.work.blocks} for bound in program.loops]
        self.spans, self.halos = {}, {}
        for place in program.places:
            block, start = place.room.block, -program.arena.ctypes.data % 64 + place.start
            self.spans[block] = slice(start, start + block.size_bytes)
            self.halos[block] = halo_of(block)

    def __call__(self, rows, scratch_bytes=0):
        first = (rows.ctypes.data - self.program.launches.ctypes.data) // 64
        for i in range(len(rows)):
            self.check(rows[i : i + 1], first + i)

    def check(self, row, i):
        memory, clearing = self.program.arena, self.program.loops[i] in self.clearings
        idle, writable = np.ones(memory.size, bool), np.zeros(memory.size, bool)
        for place in self.program.places:
            block = place.room.block
            span, halo = self.spans[block], self.halos[block]
            if place.room.first <= self.times[i] <= place.room.last:
                idle[span] = False
            elif not place.clear:
                idle[span] &= ~halo
            if clearing and block in self.named[i]:
                writable[span] = halo
        for block in () if clearing else self.program.loops[i].work.blocks:
            if block.root in self.spans:
                inside(writable, memory, block.memory)[...] = True
        memory[idle] = POISON
        before = memory.copy()
        self.play(row, self.program.plan.scratch_bytes)
        assert not (memory != before)[~writable].any(), self.program.loops[i].name
        for block in self.named[i] & self.spans.keys():
            zeros = memory[self.spans[block]][self.halos[block]]
            assert not zeros.any(), (self.program.loops[i].name, block.name)


def inside(marks, memory, array):
    """Marks for each byte of `memory`: those of an array's numbers, which may lie apart."""
    start = array.ctypes.data - memory.ctypes.data
    shape, strides = (*array.shape, array.itemsize), (*array.strides, 1)
    return np.lib.stride_tricks.as_strided(marks[start:], shape, strides)


def halo_of(block):
    """Which of a block's bytes belong to its halo."""
    if not isinstance(block, Tensor):
        return np.zeros(block.size_bytes, bool)
    halo = np.ones((*block.outer, block.dtype.itemsize), bool)
    halo[
        (slice(None), *(slice(lo, lo + n) for (lo, _), n in zip(block.halo, block.inner[1:4], strict=True)))
    ] = False
    return halo.reshape(-1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (Odd, (3, 3, 9, 11)),
        (pc.models.lenet5, (5, 1, 28, 28)),
        (pc.models.resnet20, (2, 3, 9, 7)),
        (partial(pc.models.vgg_small, image_size=11), (3, 3, 11, 11)),
        *((network, (3, 3, 10, 14)) for network in BRANCHED),
    ],
)
def test_launches_write_what_they_name_and_read_what_lives(model, shape, dtype, monkeypatch):
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    y = np.arange(shape[0]) % 7

    def stepped():
        pc.seed(0)
        step = pc.TrainStep(model().astype(dtype), pc.Adam(lr=1e-3))
        step(x, y)
        return step

    plain, inspected = stepped(), stepped()
    losses = [plain(x, y), plain(x, y)]
    program = inspected._training(inspected._batch(x, y)).program
    with monkeypatch.context() as patch:
        patch.setattr(tape.team, "play", Inspector(program))
        assert [inspected(x, y), inspected(x, y)] == losses
    same_arrays(plain.model, inspected.model)


def test_launches_of_a_recording_write_what_they_name(monkeypatch):
    pc.seed(0)
    x, y = np.random.default_rng(0).standard_normal((3, 3, 9, 11)).astype(np.float32), np.arange(3)
    program = pc.TrainStep(Odd(), pc.SGD(lr=0.1)).record(x, y)._owner
    monkeypatch.setattr(tape.team, "play", Inspector(program))
    tape.team.play(program.launches, program.plan.scratch_bytes)
    program.update_state()


def same_arrays(first, second):
    for (name, a), (_, b) in zip(first.state_dict().items(), second.state_dict().items(), strict=True):
        assert a.tobytes() == b.tobytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_reuse_changes_no_bit(name, monkeypatch):
    rng = np.random.default_rng(0)
    batches = [(rng.random((3, *MODELS[name]), np.float32), rng.integers(0, 10, 3)) for _ in range(3)]
    rooms = arena.rooms

    def run(threads):
        pc.set_num_threads(threads)
        pc.seed(0)
        step = pc.TrainStep(getattr(pc.models, name)(), pc.SGD(lr=0.05, momentum=0.9))
        losses = [step(x, y) for x, y in batches]
        return losses, step.model, step.model(batches[0][0])

    before = pc.get_num_threads()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(arena, "rooms", lambda blocks, named, lasting: rooms(blocks, named, blocks))
            losses, model, output = run(2)
        for threads in (1, 2, 3):
            again = run(threads)
            assert again[0] == losses
            assert again[2].tobytes() == output.tobytes()
            same_arrays(again[1], model)
    finally:
        pc.set_num_threads(before)


# What an arena may take of its blocks' bytes, in training and in inference.
@pytest.mark.parametrize(
    ("name", "training", "inference"),
    [("lenet5", 0.7, 0.65), ("mnist_cnn", 0.82, 0.8), ("vgg_small", 0.55, 0.45), ("resnet20", 0.5, 0.15)],
)
def test_an_arena_is_smaller_than_its_blocks(name, training, inference):
    x, y = np.zeros((16, *MODELS[name]), np.float32), np.zeros(16, np.int64)
    model = getattr(pc.models, name)()
    step = pc.TrainStep(model, pc.SGD(lr=0.05, momentum=0.9))
    trains = step._training(step._batch(x, y)).program
    arrays = dict(model.named_arrays())
    graph = trace(model.trace_forward, {"input": (x.shape, x.dtype)}, arrays, training=False)
    infers = Program(lower(plan_of(graph, x.dtype, keep=False)))
    for program, fraction in ((trains, training), (infers, inference)):
        assert program.arena.nbytes <= fraction * sum(block.size_bytes for block in program.plan.blocks)
    assert infers.arena.nbytes <= 0.6 * trains.arena.nbytes


@st.composite
def wanted_rooms(draw):
    """Blocks and tensors of few layouts, so that some follow one another, with lives in a run of some launches."""
    launches = draw(st.integers(1, 12))
    found = []
    for i in range(draw(st.integers(0, 25))):
        first = draw(st.integers(0, launches - 1))
        block = Block(f"{i}", draw(st.integers(0, 200)), np.float32)
        if draw(st.booleans()):
            block = Tensor(f"{i}", (1, 2, draw(st.integers(30, 32))), np.float32)
            block.widen(((0, 0), (0, 0), draw(st.sampled_from([(0, 0), (1, 1), (0, 40)]))))
        found.append(arena.Room(block, first, draw(st.integers(first, launches - 1))))
    return found, launches


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(wanted_rooms())
def test_places_keep_living_blocks_apart_and_halos_zero(wanted):
    rooms, launches = wanted
    places = arena.arrange(rooms, launches)
    assert {place.room for place in places} == set(rooms)
    memory = arena.allocate(places)
    assert not memory.any()
    for launch in [*range(launches)] * 3:
        alive = [place for place in places if place.room.first <= launch <= place.room.last]
        for i, place in enumerate(alive):
            assert place.start % 64 == 0
            assert all(place.end <= other.start or other.end <= place.start for other in alive[:i])
        for place in alive:
            block = place.room.block
            start = -memory.ctypes.data % 64 + place.start
            whole, halo = memory[start : start + block.size_bytes], halo_of(block)
            if place.room.first == launch and place.clear:
                whole[halo] = 0
            assert not whole[halo].any()
            whole[~halo] = POISON
    least = max((sum(r.size for r in rooms if r.first <= t <= r.last) for t in range(launches)), default=0)
    assert least <= memory.nbytes - 64 <= sum(room.size for room in rooms)


def cheapest_place(room, taken, launches):
    """Where a room costs least, by trying: bytes by which the arena grows, and halos to be cleared, twice their bytes.

    Places are tried by growth, then by what stays free beside the room; none that grows the arena by more than the best
    so far costs.
    """
    top = max((place.end for place in taken), default=0)
    alive = [p for p in taken if p.room.first <= room.last and room.first <= p.room.last]
    edges = sorted({0, *(p.end for p in alive)})
    tried = []
    for at in {*edges, *(p.start for p in taken if room.layout and p.room.layout == room.layout)}:
        after = min((p.start for p in alive if p.end > at), default=1 << 62)
        if at + room.size <= after and not any(p.start <= at < p.end for p in alive):
            growth = max(0, at + room.size - top)
            if at in edges:
                tried.append((growth, after - at, at))
            if any(p.start == at and p.room.layout == room.layout for p in taken if room.layout):
                tried.append((growth, 0, at))
    best = None
    for growth, _, at in sorted(tried):
        if best and growth >= best[0]:
            break
        here = arena.Place(room, at)
        cost = sum(clearings([*taken, here], launches)) - sum(clearings(taken, launches)) + growth
        if best is None or cost < best[0]:
            best = cost, here
    return best[1]


def clearings(places, launches):
    """What each place costs to be cleared in every run: who was there last before it is of another layout."""
    for place in places:
        others = [p for p in places if p is not place and p.start < place.end and place.start < p.end]
        ago = {p: (place.room.first - p.room.last) % launches for p in others}
        last = min(others, key=lambda p: (ago[p], p.start), default=None)
        alike = last and (last.start, last.room.layout) == (place.start, place.room.layout)
        yield 0 if last is None or alike else 2 * place.room.halo_bytes


@pytest.mark.slow
@settings(max_examples=250, deadline=None)
@given(wanted_rooms())
def test_each_room_goes_where_it_costs_least(wanted):
    rooms, launches = wanted
    taken = []
    for room in rooms:
        taken.append(cheapest_place(room, taken, launches))
    assert [place.start for place in arena._share(rooms, 0, launches)] == [place.start for place in taken]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("images", [1, 37])
def test_clearing_zeroes_the_halo_alone(dtype, images):
    tensor = Tensor("tensor", (images, 5, 2, 3, 4), dtype)
    tensor.widen(((1, 2), (0, 3), (4, 0)))
    memory = np.empty(tensor.size_bytes, np.uint8)
    tensor.place(memory)
    whole = memory.view(dtype)
    whole[...] = np.nan
    tensor.memory[...] = 7
    bound = Bound(*clear_halo(tensor))
    tape.team.play(tape.launches([bound.launch(np.dtype(dtype).itemsize * 8)]))
    assert (tensor.memory == 7).all()
    assert whole.sum() == 7 * tensor.memory.size
