"""An emulated AArch64 that works on this process's memory: NEON code becomes functions that can be called here."""

from __future__ import annotations

import ctypes
import struct
import threading
from typing import Any

from unicorn import UC_ARCH_ARM64, UC_HOOK_MEM_UNMAPPED, UC_MODE_ARM, UC_PROT_ALL, Uc
from unicorn import arm64_const as arm64

from pellucid.kernels import simd

CODE, CODE_BYTES = 0x10000, 1 << 24
RETURN = CODE + CODE_BYTES  # nothing is there: the emulator stops when a function returns to it
STACK, STACK_BYTES = RETURN + (1 << 16), 1 << 16
PAGES = 1 << 20  # bytes of this process's memory that are made visible at once
FLUSH_TO_ZERO = 1 << 24
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
            text = machine_code(simd.object_code(code))
            entry, self._free = self._free, self._free + -(-len(text) // 64) * 64
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


def machine_code(file: bytes) -> bytes:
    """The instructions of an ELF file that holds one function which refers to nothing outside of itself."""
    (headers,) = struct.unpack_from("<Q", file, 0x28)
    size, count, names = struct.unpack_from("<HHH", file, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", file, headers + i * size) for i in range(count)]
    label = sections[names][4]
    found = {file[label + s[0] : file.index(b"\0", label + s[0])]: file[s[4] : s[4] + s[5]] for s in sections}
    assert b".rela.text" not in found
    return found[b".text"]
