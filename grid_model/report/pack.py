"""Series small enough for a page: rounded to 1/2000 of their greatest, differences, deflated, base64.

    code[0] = q[0], code[t] = q[t] - q[t-1]   with   q = round(value / scale), scale = max |value| / 2000    [int16]

A value that is not known is MISSING before differences are taken. The page does the same backwards, area by area, when
an area is looked at.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np

LEVELS = 2000
MISSING = -3000  # q of what is not known; differences stay within 16 bits


def pack(series: dict[str, np.ndarray]) -> dict:
    """`{keys, scales, length, data}` of series of one length; series that are zero throughout are left out."""
    kept = {
        key: np.asarray(values, float) for key, values in series.items() if np.any(np.nan_to_num(values, nan=1.0) != 0)
    }
    scales, codes = {}, []
    for key, values in kept.items():
        known = np.isfinite(values)
        scale = float(np.max(np.abs(values[known]), initial=0.0)) / LEVELS or 1.0
        rounded = np.where(known, np.round(np.where(known, values, 0.0) / scale), MISSING).astype(np.int16)
        scales[key] = float(f"{scale:.7g}")
        codes.append(np.diff(rounded, prepend=np.int16(0)))
    length = len(codes[0]) if codes else 0
    raw = np.concatenate(codes).astype("<i2").tobytes() if codes else b""
    return {"keys": list(kept), "scales": [scales[key] for key in kept], "length": length,
            "data": base64.b64encode(zlib.compress(raw, 9)).decode("ascii")}  # fmt: skip


def unpack(packed: dict) -> dict[str, np.ndarray]:
    """What the page reads, as the page reads it."""
    codes = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), "<i2").reshape(
        len(packed["keys"]), packed["length"]
    )
    rounded = np.cumsum(codes, axis=1, dtype=np.int64)
    return {
        key: np.where(row == MISSING, np.nan, row * scale)
        for key, row, scale in zip(packed["keys"], rounded, packed["scales"])
    }
