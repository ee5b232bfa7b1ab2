"""Keep the memory of inference flat on Linux.

Batches differ in shape, so every batch frees and asks for buffers of other sizes. glibc raises its limit for giving
large buffers straight back to the system with each one it frees, and the heap then grows with the number of batches:
from 957 to 1,252 MiB over 2,500 real feedbacks, against 813 to 842 MiB over 2,000 with the limit fixed (measured on two
AVX2 cores; a little slower, because pages are asked for again).
"""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD = -3  # <malloc.h>
_LIMIT = 1 << 20


def fix_mmap_threshold() -> bool:
    """Give buffers of 1 MiB and more back to the system when freed; True where the C library took the setting."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, _LIMIT))
    except (OSError, AttributeError):  # another C library, which has no such limit
        return False
