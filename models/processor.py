"""What the processor can do for int8 arithmetic."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

_VNNI = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})
SHOWN = ("avx2", "avx512f", *sorted(_VNNI))


@cache
def flags() -> frozenset[str]:
    """The processor's features as Linux names them; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(found.partition(":")[2].split())


def adds_without_overflow() -> bool:
    """Whether products of two int8 numbers are added in 32 bits (VNNI, Arm), or pairs of them in 16 bits first."""
    return bool(flags() & _VNNI) or platform.machine().lower() in ("arm64", "aarch64")


SAFE_INPUT = 127
"""The largest whole number that may be multiplied with int8 weights where the sum of two products must fit into 16
bits: right on every processor.
"""


def largest_input() -> int:
    """The largest whole number that may be multiplied with int8 weights here: 255 or `SAFE_INPUT`."""
    return 255 if adds_without_overflow() else SAFE_INPUT


def describe() -> str:
    """Architecture and features that matter for speed, to name beside every figure."""
    features = [name for name in SHOWN if name in flags()]
    return " ".join([platform.machine(), *features])


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
