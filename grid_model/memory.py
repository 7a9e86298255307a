"""Memory of this process."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Give the system what was freed: glibc keeps it in pieces, a sixth of what a year of the 31 provinces takes."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
