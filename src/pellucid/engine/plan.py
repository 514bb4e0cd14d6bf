"""From a graph to a plan: which buffers there are and which launches, in which order, fill them.

A `Plan` is written op by op (see `lowering/`): first every node's forward, then, backwards through the graph, every
node's gradients and large updates, then the other updates. Buffers get their addresses only when the plan is complete,
because each reader may still ask for a wider halo; so a launch is written as a function that fills in its tables later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from pellucid.engine import algorithm, arena
from pellucid.engine.buffers import Block, External, Part, Tensor
from pellucid.engine.graph import Graph, Node, Symbol
from pellucid.kernels import tape, turns
from pellucid.kernels.jit import Kernel
from pellucid.kernels.loops import layout, tiles
from pellucid.kernels.progress import progress
from pellucid.ops.relu import ReLU
from pellucid.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pellucid.engine.lowering.update import Updates

Array = NDArray[Any]
CHUNKS = 16  # how many parts a launch is cut into when nothing else decides; fixed, so numbers never depend on threads


@dataclass
class Tables:
    """What a kernel is called with, and how many chunks it has. A block stands for its address.

    An array `f` is the table itself: its owner may write other numbers into it before a run.
    """

    chunks: int
    p: Sequence[Block] = ()
    n: Sequence[int | Block] = ()
    f: Sequence[float] | Array = ()

    @property
    def blocks(self) -> list[Block]:
        """Every block that the kernel touches: all memory it knows of besides the caller's and the plan's owners."""
        return [*self.p, *(entry for entry in self.n if isinstance(entry, Block))]


@dataclass(eq=False)
class Launch:
    """One kernel with its tables, filled in once the buffers have their places."""

    label: str
    kernel: Kernel
    bind: Callable[[], Tables]
    tables: list[NDArray[Any]] = field(default_factory=list)

    def fill(self, tables: Tables, bits: int) -> tuple[int, ...]:
        """Write the tables down, addresses in the place of blocks; returns the launch's first fields on the tape."""
        p = np.array([block.address for block in tables.p] or [0], np.int64)
        n = np.array([e.address if isinstance(e, Block) else e for e in tables.n] or [0], np.int64)
        f = np.asarray(tables.f if len(tables.f) else [0.0], np.float64)
        self.tables = [p, n, f]
        return self.kernel.address(bits), p.ctypes.data, n.ctypes.data, f.ctypes.data, tables.chunks


def clear_halo(tensor: Tensor) -> Launch:
    """Make the zeros around a tensor zero again."""

    def bind() -> Tables:
        (images, *sizes, channels), size = tensor.inner, tensor.dtype.itemsize
        per_chunk = max(1, images // CHUNKS)
        halo = [width for widths in tensor.halo for width in widths]
        strides = [stride * size for stride in tensor.strides]
        n = (per_chunk, images, *sizes, channels * size, *halo, *strides)
        return Tables(-(-images // per_chunk), (tensor,), n)

    return Launch(f"{tensor.name}, halo", layout.clear_halo, bind)


@dataclass(frozen=True)
class NormGradient:
    """The gradient of a batch norm's input, which a convolution makes of these while it loads."""

    grad_output: Tensor
    input: Tensor
    slopes: Block  # (see `NormalGradient`)
    lanes: int


class Plan:
    """The buffers and launches of one graph, for one batch shape."""

    def __init__(
        self, graph: Graph, dtype: Any, *, keep: bool, trains: bool = True, frozen: Collection[str] = ()
    ) -> None:
        self.graph, self.dtype, self.keep, self.trains = graph, np.dtype(dtype), keep, trains
        self.bits = self.dtype.itemsize * 8
        self._readers: dict[Symbol, list[Node]] = {}
        for node in graph.nodes:
            for symbol in dict.fromkeys(s for s in node.operands if s is not None):
                self._readers.setdefault(symbol, []).append(node)
        self.blocks: list[Block] = []
        self.scratch_bytes = 0  # what a thread needs for itself during a launch
        self.launches: list[Launch] = []
        self.values: dict[Symbol, Block] = {}
        self.gradients: dict[Symbol, Block] = {}
        self.gated: dict[
            Block, tuple[Tensor, Tensor]
        ] = {}  # what a batch norm writes: this, or 0 where that is 0
        self.moments: dict[Symbol, Block] = {}  # sums over each image that a convolution makes in passing
        self.unwritten: dict[Block, NormGradient] = {}  # gradients that are never stored
        self.contributions: dict[Symbol, list[Block]] = {}  # gradients of parameters, one for each use
        self.totals: dict[Symbol, Block] = {}  # their sums
        self.trained = _trained(graph, frozen)
        self.saved: dict[tuple[Node, str], Block] = {}  # what a node's forward leaves for its backward
        self.bases: dict[Block, Block] = {}  # the sum so far that a later tensor of the same gradient adds to
        self.algorithm = algorithm.current()
        self.winograd: dict[
            Node, int
        ] = {}  # nodes it computes: additions that a weight gradient's product meets
        self.joined: set[Node] = set()  # nodes whose work another node's loop does forward
        self.pools: dict[Node, Node] = {}  # max poolings and the convolutions whose last loop does them
        self.routes: dict[Node, Tensor] = {}  # of such a convolution: which position won each window
        self.per_part: dict[Node, int] = {}  # how many images one part of a node's sums takes
        self.side_by_side: dict[Node, int] = {}  # how many pixels of a row have sums of their own there
        self.state: dict[Symbol, list[Block]] = {}  # running statistics, after each use that changes them
        self.state_updates: list[Launch] = []
        # what reads inputs from the caller's memory and writes results to it, and where in n its address stands
        self.ingests: dict[Symbol, tuple[Launch, int]] = {}
        self.egests: dict[Tensor, tuple[Launch, int]] = {}
        self.lasting: set[Block] = set()  # what is written before a run or read after it
        self.updates: Updates | None = None  # of the parameters, where there is an optimiser
        self.owners: list[Any] = []  # arrays that tables point into
        self.counters = np.zeros(2, np.int64)  # seed and step, read by dropout
        for symbol, array in graph.arrays.items():
            self.values[symbol] = External(symbol.name, getattr(array, "memory", array))

    def tensor(self, name: str, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """A new tensor, of the plan's float type unless said otherwise."""
        tensor = Tensor(name, shape, dtype or self.dtype)
        self.blocks.append(tensor)
        return tensor

    def block(self, name: str, size: int, dtype: Any = None) -> Block:
        """New plain memory."""
        block = Block(name, size, dtype or self.dtype)
        self.blocks.append(block)
        return block

    def need_scratch(self, size: int) -> None:
        """Say that a launch needs room for so many numbers of the plan's type on every thread."""
        self.scratch_bytes = max(self.scratch_bytes, size * self.dtype.itemsize)

    def need_doubles(self, size: int) -> None:
        """The same for float64 numbers."""
        self.scratch_bytes = max(self.scratch_bytes, size * 8)

    def after(self, label: str, kernel: Kernel, bind: Callable[[], Tables]) -> None:
        """Append a launch that changes the model's own state; a recording leaves it out."""
        self.state_updates.append(Launch(label, kernel, bind))

    def launch(self, label: str, kernel: Kernel, bind: Callable[[], Tables]) -> None:
        """Append a launch."""
        self.launches.append(Launch(label, kernel, bind))

    def value(self, symbol: Symbol | None) -> Any:
        """The buffer that holds a symbol's numbers; None for an absent operand."""
        return None if symbol is None else self.values[symbol]

    def newest(self, symbol: Symbol | None) -> Any:
        """The same for a running statistic, which the forward itself may have moved on."""
        return self.state[symbol][-1] if symbol in self.state else self.value(symbol)

    def output(self, node: Node) -> Tensor:
        """A new tensor for a node's output."""
        tensor = self.values[node.output] = self.tensor(
            node.output.name, node.output.shape, node.output.dtype
        )
        return tensor

    def wants(self, symbol: Symbol | None) -> bool:
        """Whether somebody needs the gradient of a symbol: something below it is trained, or everything is kept.

        A frozen parameter's gradient nobody needs.
        """
        if symbol is None or symbol in self.trained:
            return symbol is not None
        return self.keep and symbol.dtype.kind == "f" and symbol not in self.graph.arrays

    def add_gradient(self, symbol: Symbol) -> tuple[Tensor, Tensor | None]:
        """A new tensor for the gradient of an activation, and the sum so far, to which it must add, if there is one."""
        before = self.gradients.get(symbol)
        tensor = self.tensor(f"grad({symbol.name})", symbol.shape)
        self.gradients[symbol] = tensor
        if before is not None:
            self.bases[tensor] = before
        return tensor, cast("Tensor | None", before)

    def add_gated_gradient(
        self, symbol: Symbol, node: Node, *, both: bool = False
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """`add_gradient`, or the gradient of a ReLU's input where `symbol` is its output and `node` its last reader.

        Then the third is that output: the gradient is 0 where it is 0, and the ReLU itself has nothing left to do
        backwards. Loops that can add a base and gate the sum ask for `both`.
        """
        relu = symbol.node
        alone = self.readers(symbol)[0] is node and node.operands.count(symbol) == 1
        if self.keep or relu is None or not isinstance(relu.op, ReLU) or not alone:
            return *self.add_gradient(symbol), None
        input, base = relu.operands[0], self.gradients.get(symbol)
        assert input is not None
        if len(self.readers(input)) > 1 or not self.wants(input) or (base and not both):
            return *self.add_gradient(symbol), None
        self.gradients.pop(symbol, None)
        return self.add_gradient(input)[0], cast("Tensor | None", base), cast("Tensor", self.values[symbol])

    def readers(self, symbol: Symbol) -> list[Node]:
        """The nodes that take a symbol as an operand."""
        return self._readers.get(symbol, [])

    def parameter_gradient(self, symbol: Symbol, size: int | None = None) -> Block:
        """A new block, in the parameter's memory order, for its gradient, or for one more contribution to it.

        Where a loop makes several parameters' gradients, a frozen one's is written like the others and read by nobody.
        """
        block = self.block(f"grad({symbol.name})", size or size_of(symbol.shape))
        self.part_gradient(symbol, block, 0)
        return block

    def part_gradient(self, symbol: Symbol, block: Block, start: int) -> None:
        """Say that a parameter's gradient, if it is wanted, is the part of a block that begins at `start`."""
        if self.wants(symbol):
            part = Part(f"grad({symbol.name})", block, start, size_of(symbol.shape))
            self.contributions.setdefault(symbol, []).append(part)

    def add_parts(self, label: str, parts: Block, count: int, out: Block) -> None:
        """out = the sum of `count` parts that lie one behind the other in `parts`."""
        chunk = -(-out.size // CHUNKS)
        tables = Tables(-(-out.size // chunk), (parts, out), (count, out.size, chunk))
        self.launch(label, tiles.add_parts, lambda: tables)


def _trained(graph: Graph, frozen: Collection[str]) -> set[Symbol]:
    """The symbols that a parameter which is not frozen takes part in, such parameters included."""
    trained: set[Symbol] = set()
    for node in graph.nodes:
        for name, symbol in zip(node.op.arguments, node.operands, strict=False):
            if symbol in graph.arrays and name in node.op.differentiable and symbol.name not in frozen:
                trained.add(symbol)
        if any(symbol in trained for symbol in node.operands):
            trained.add(node.output)
    return trained


class Program:
    """A plan with its memory and its tape: ready to run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        launches = [*plan.launches, *plan.state_updates]
        tables = {launch: launch.bind() for launch in launches}
        named = [table.blocks for table in tables.values()]
        lasting = plan.blocks if plan.keep else plan.lasting
        self.places = arena.arrange(arena.rooms(plan.blocks, named, lasting), len(launches))
        self.arena = arena.allocate(self.places, self._beside_bytes())
        self.steps: list[
            Launch
        ] = []  # launches, and before the first that names a tensor its halo's clearing
        halos = [place.room for place in self.places if place.clear]
        for i, launch in enumerate(launches):
            self.steps += [clear_halo(cast("Tensor", room.block)) for room in halos if room.first == i]
            self.steps.append(launch)
        rows = np.zeros((len(self.steps), tape.LAUNCH_FIELDS), np.int64)
        for row, step in zip(rows, self.steps, strict=True):
            row[:5] = step.fill(tables.get(step) or step.bind(), plan.bits)
        end = len(rows) - len(plan.state_updates)
        self.launches, self._updates = rows[:end] if plan.keep else rows, rows[end:]
        tape.make()
        progress.close()

    def run(self, result: Symbol, **inputs: Array) -> Array:
        """Play the tape once on these inputs (contiguous, of the plan's types) and copy one tensor out."""
        return self.results([self.plan.values[result]], **inputs)[0]

    def results(self, blocks: Sequence[Block], **inputs: Array) -> list[Array]:
        """The same for any blocks."""
        with turns.running:
            for name, array in inputs.items():
                self._feed(self.plan.graph.inputs[name], array)
            arrays: dict[Block, Array] = {tensor: self._room(tensor) for tensor in self.plan.egests}
            tape.team.play(self.launches, self.plan.scratch_bytes)
            return [arrays[block] if block in arrays else block.array() for block in blocks]

    def _beside_bytes(self) -> int:
        """What a run takes besides the arena: results, the threads' scratch memory, a recording's copies."""
        plan = self.plan
        results = sum(size_of(tensor.shape) * int(tensor.dtype.itemsize) for tensor in plan.egests)
        owned = (block for block in plan.values.values() if plan.keep and isinstance(block, External))
        return results + plan.scratch_bytes * tape.team.size + sum(block.size_bytes for block in owned)

    def update_state(self) -> None:
        """Carry out, in one run, what a recording left out: the changes of the model's own state."""
        tape.team.play(self._updates)

    def _room(self, tensor: Tensor) -> Array:
        """An array that the run will write a tensor to."""
        result = np.empty(tensor.shape, tensor.dtype)
        launch, at = self.plan.egests[tensor]
        launch.tables[1][at] = result.ctypes.data
        return result

    def _feed(self, symbol: Symbol, array: Array) -> None:
        """Floats are read from where they lie; labels are copied."""
        if symbol in self.plan.ingests:
            launch, at = self.plan.ingests[symbol]
            launch.tables[1][at] = array.ctypes.data
        else:
            self.plan.values[symbol].memory[:] = array.reshape(-1)
