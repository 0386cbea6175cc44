"""Blocks: columns of numbers and texts, packed for the page. docs/explorer-format.md describes them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE = 0xFFFFFFFF
"""No content, string or picture."""
NO_LANGUAGE = 0xFFFF
_ALIGNED = 8
_LEVEL = 6
_DESCRIBED = 120
"""Bytes of a column's entry in the facts."""
_TYPES = {"u1": "u8", "u2": "u16", "u4": "u32", "i4": "i32", "f4": "f32"}


@dataclass(frozen=True)
class Column:
    """A column of a block.

    Args:
        values: values of one of the types u8, u16, u32, i32 and f32.
        scale: value = zero + scale * stored; None: the stored numbers are the values.
        zero: see ``scale``.
    """

    values: NDArray[Any]
    scale: float | None = None
    zero: float = 0.0

    def described(self, offset: int) -> dict[str, Any]:
        """The entry of the column in the facts of its block."""
        entry: dict[str, Any] = {
            "offset": offset,
            "type": _TYPES[self.values.dtype.str[1:]],
            "length": self.values.size,
        }
        if self.scale is not None:
            entry |= {"scale": self.scale, "zero": self.zero}
        return entry

    @property
    def content(self) -> bytes:
        """The stored numbers, little-endian."""
        return self.values.astype(self.values.dtype.newbyteorder("<")).tobytes()


@dataclass
class Block:
    """Columns by name, in the order in which they are added."""

    columns: dict[str, Column] = field(default_factory=dict)

    def add(self, name: str, column: Column) -> None:
        """Adds a column."""
        self.columns[name] = column

    def pack(self) -> tuple[dict[str, Any], bytes]:
        """The entry of the block in the facts of the page, and its compressed content."""
        described, parts, offset = {}, [], 0
        for name, column in self.columns.items():
            described[name] = column.described(offset)
            content = column.content
            content += bytes(-len(content) % _ALIGNED)
            parts.append(content)
            offset += len(content)
        packed = gzip.compress(b"".join(parts), _LEVEL, mtime=0)
        return {"bytes": offset, "columns": described}, packed


def size_in_page(*columns: Column) -> int:
    """The bytes that columns take in a page, in base64, to within a few percent."""
    packed = sum(len(zlib.compress(column.content, _LEVEL)) for column in columns)
    return packed * 4 // 3 + _DESCRIBED * len(columns)


def numbers(values: Iterable[int] | NDArray[Any], kind: type[np.unsignedinteger[Any]]) -> Column:
    """Whole numbers as a column."""
    return Column(
        np.fromiter(values, kind) if not isinstance(values, np.ndarray) else values.astype(kind)
    )


def shares(values: NDArray[np.floating[Any]]) -> Column:
    """Outcomes: in steps of 1/252 if all are in [0, 1], so that halves, thirds, quarters, sixths and
    sevenths are exact; else as they are."""
    if values.size and np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1:
        return Column(np.round(values * 252).astype(np.uint8), 1 / 252)
    return Column(values.astype(np.float32))


def rounded(values: NDArray[np.floating[Any]], grain: float) -> Column:
    """Numbers as multiples of a step above the smallest, or of the smallest larger step that fits in 16
    bits; a value that is not finite becomes the smallest."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    grain = max(grain, (high - low) / 0xFFFE)
    steps = np.round((np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / grain)
    return Column(steps.astype(np.uint16), grain, low)


def pool(name: str, values: Iterable[bytes]) -> dict[str, Column]:
    """Bytes one after another with their ends: the columns ``NAME/bytes`` and ``NAME/ends``."""
    parts = list(values)
    ends = np.cumsum([len(part) for part in parts], dtype=np.uint64)
    joined = np.frombuffer(b"".join(parts), np.uint8)
    return {f"{name}/bytes": Column(joined), f"{name}/ends": Column(ends.astype(np.uint32))}
