"""Damage to a valid file: bytes changed, cut, repeated, moved, put in."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, pieces: Sequence[bytes] = ()) -> bytes:
    """A few faults in a file.

    Args:
        draw: of hypothesis.
        whole: the valid file.
        pieces: hostile parts of its format, to be put in anywhere.
    """
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        part = st.binary(max_size=8)
        fault = draw(st.sampled_from(["flip", "cut", "delete", "repeat", "replace", "insert"]))
        if fault == "flip" and start < len(data):
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif fault == "cut":
            del data[start:]
        elif fault == "delete":
            del data[start:end]
        elif fault == "repeat":
            data[start:start] = data[start:end] * draw(st.integers(1, 50))
        elif fault == "replace":
            data[start:end] = draw(part)
        else:
            data[start:start] = draw(st.one_of(part, st.sampled_from([b"", *pieces])))
    return bytes(data)
