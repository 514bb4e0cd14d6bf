"""An emulated AArch64 that works on this process's memory: NEON code becomes functions that can be called here."""

from __future__ import annotations

import ctypes
import struct
import threading
from typing import Any, NamedTuple

from unicorn import UC_ARCH_ARM64, UC_HOOK_MEM_UNMAPPED, UC_MODE_ARM, UC_PROT_ALL, Uc
from unicorn import arm64_const as arm64

from pellucid.kernels import simd

CODE, CODE_BYTES = 0x10000, 1 << 24
RETURN = CODE + CODE_BYTES  # nothing is there: the emulator stops when a function returns to it
STACK, STACK_BYTES = RETURN + (1 << 16), 1 << 16
PAGES = 1 << 20  # bytes of this process's memory that are made visible at once
FLUSH_TO_ZERO = 1 << 24
PROGRAM_BITS, RELOCATIONS, ALLOCATED, EXECUTABLE = 1, 4, 2, 4  # of ELF sections
# MOVW_UABS_G0_NC, G1_NC, G2_NC and G3: which sixteen bits of an address go into an instruction.
SHIFTS = {264: 0, 266: 16, 268: 32, 269: 48}
ARGUMENTS = [getattr(arm64, f"UC_ARM64_REG_X{i}") for i in range(6)]
Function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 6)


class Arm:
    """One processor; calls from several threads take turns."""

    def __init__(self) -> None:
        self._emulator = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
        self._emulator.ctl_set_cpu_model(arm64.UC_CPU_ARM64_MAX)
        self._emulator.mem_map(CODE, CODE_BYTES)
        self._emulator.mem_map(STACK, STACK_BYTES)
        self._emulator.reg_write(arm64.UC_ARM64_REG_CPACR_EL1, 3 << 20)  # vector instructions are allowed
        self._emulator.reg_write(arm64.UC_ARM64_REG_FPCR, FLUSH_TO_ZERO)
        self._emulator.hook_add(UC_HOOK_MEM_UNMAPPED, self._show)
        self._free = CODE
        self._functions: dict[simd.Code, Any] = {}
        self._turn = threading.Lock()

    def address(self, code: simd.Code) -> int:
        """The address of a function for this machine that runs the code on the emulated one."""
        if code not in self._functions:
            entry, text = self._free, machine_code(simd.object_code(code), self._free)
            self._free += -(-len(text) // 64) * 64
            self._emulator.mem_write(entry, text)
            self._functions[code] = Function(lambda *arguments: self._call(entry, arguments))
        return int(ctypes.cast(self._functions[code], ctypes.c_void_p).value or 0)

    def _call(self, entry: int, arguments: tuple[int, ...]) -> None:
        with self._turn:
            for register, value in zip(ARGUMENTS, arguments, strict=True):
                self._emulator.reg_write(register, value)
            self._emulator.reg_write(arm64.UC_ARM64_REG_SP, STACK + STACK_BYTES)
            self._emulator.reg_write(arm64.UC_ARM64_REG_LR, RETURN)
            self._emulator.emu_start(entry, RETURN)

    def _show(self, emulator: Any, _access: int, address: int, *_: Any) -> bool:
        """Make the memory around an address visible, at the address that it has here."""
        start = address // PAGES * PAGES
        if start <= STACK:
            return False
        emulator.mem_map_ptr(start, PAGES, UC_PROT_ALL, start)
        return True


class Section(NamedTuple):
    """One of an ELF file's sections, as its header says."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


def machine_code(file: bytes, base: int) -> bytes:
    """The instructions of an ELF file with one function, and the constants that it reads, for a place in memory.

    The function may refer to nothing else.
    """
    (headers,) = struct.unpack_from("<Q", file, 0x28)
    size, count = struct.unpack_from("<HH", file, 0x3A)
    sections = [Section(*struct.unpack_from("<IIQQQQIIQQ", file, headers + i * size)) for i in range(count)]
    image, places = bytearray(), dict[int, int]()
    for i, section in enumerate(sections):
        if section.flags & ALLOCATED and section.type == PROGRAM_BITS and section.size:
            assert not image or not section.flags & EXECUTABLE  # the function comes first
            image += bytes(-len(image) % section.align)
            places[i] = len(image)
            image += file[section.offset : section.offset + section.size]
    for section in sections:
        if section.type == RELOCATIONS and section.info in places:
            symbols = sections[section.link].offset
            for at in range(section.offset, section.offset + section.size, 24):
                offset, what, addend = struct.unpack_from("<QQq", file, at)
                *_, where, value, _ = struct.unpack_from("<IBBHQQ", file, symbols + 24 * (what >> 32))
                target = base + places[where] + value + addend
                patch(image, places[section.info] + offset, SHIFTS[what & 0xFFFFFFFF], target)
    return bytes(image)


def patch(image: bytearray, at: int, shift: int, address: int) -> None:
    """Write sixteen bits of an address into an instruction that moves them into a register."""
    (instruction,) = struct.unpack_from("<I", image, at)
    bits = (address >> shift & 0xFFFF) << 5
    struct.pack_into("<I", image, at, instruction & ~(0xFFFF << 5) | bits)
