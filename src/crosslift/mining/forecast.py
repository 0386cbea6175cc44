"""The memory, disk space and time that a mining job needs, before it starts."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from typing import Literal

from crosslift.encoders.precision import resolve_precision
from crosslift.making.object_encoder import ObjectEncoder
from crosslift.making.trained import Trained
from crosslift.mining.blocks import BLOCK
from crosslift.results.mined_files import MiningPlan, SearchKind
from crosslift.steps.estimates import Estimates
from crosslift.steps.step import Step

PAIRS_SEARCHED_EXACTLY = 4e12
"""`auto` searches more pairs than this approximately if faiss is installed."""

PRODUCTS_PER_SECOND: Mapping[str, float] = {"bfloat16": 2.0e11, "float32": 0.9e11}
"""Floating-point operations of the exact search on two cores, with and without bfloat16 units."""

_PROGRAM_BYTES = 700_000_000  # Python, torch, transformers and the buffers of the search
_BYTES_OF_A_TEXT = 150  # of its entries in lists and tables, besides its characters
_BYTES_OF_A_PAIR_ROW = 400  # of the lists that pairs are selected from
_BYTES_OF_BOUNDS = 64  # of the numbers that bound a screened row's error
_BYTES_WHILE_CHECKED = 1  # per number, while vectors are checked to be finite
_EXTRA_COLUMNS = 12  # of the screened rows, at most


def choose_search(setting: Literal["auto"] | SearchKind, src: int, tgt: int) -> SearchKind:
    """The kind of search; `auto` is exact unless there are too many pairs and faiss is installed."""
    if setting != "auto":
        return setting
    large = float(src) * tgt > PAIRS_SEARCHED_EXACTLY
    return "ivf" if large and importlib.util.find_spec("faiss") is not None else "exact"


def screened_bytes() -> int:
    """Bytes of a number of the screened rows on this machine."""
    return 2 if resolve_precision("auto") == "bfloat16" else 4


def memory_of(
    texts: tuple[int, int],
    width: int,
    k: int,
    *,
    search: SearchKind = "exact",
    screened_bytes: int = 2,
    text_bytes: int = 0,
    encoder_bytes: int = 0,
    workers: int = 1,
    both: bool = True,
) -> dict[str, int]:
    """The most bytes in memory in each phase of a job, of one worker or of the process that selects
    pairs.

    The vectors of src are in the store and are read in blocks; those of tgt are a file that is mapped
    while unit rows are computed from it (its pages count, though the system may drop them). Each tgt
    row has in memory its unit row (4 bytes per number), its screened row (2 or 4 bytes per number), and
    the state of its neighbours.

    Args:
        texts: number of texts of src and of tgt.
        width: width of the vectors.
        k: neighbours of each row.
        search: an approximate one has both sides in memory, mapped and as unit rows, and an index of
            one side.
        screened_bytes: bytes of a number in the screened rows: 2 in bfloat16, 4 in float32.
        text_bytes: bytes of all texts.
        encoder_bytes: size of the encoder's weights.
        workers: workers that share the rows of src.
        both: whether tgt rows have neighbours, too.
    """
    src, tgt = texts
    rows = -(-src // workers)
    program = _PROGRAM_BYTES + text_bytes
    columns = tgt if both else 0
    neighbours = 12 * k * (2 * rows + 3 * columns)
    of_all = 12 * k * (2 * src + 3 * columns)
    units = 4 * width * tgt
    if search == "exact":
        block = min(BLOCK, rows) * width * 24
        screened = screened_bytes * (width + _EXTRA_COLUMNS) * tgt + _BYTES_OF_BOUNDS * tgt
        searching = block + units + max(screened, units + _BYTES_WHILE_CHECKED * width * tgt)
    else:
        vectors = 4 * width * (src + tgt)
        searching = 2 * vectors + 4 * width * max(src, tgt)
    return {
        "encoding": program + 2 * encoder_bytes + BLOCK * width * 8,
        "searching": program + neighbours + searching,
        "pairing": program + 3 * of_all + _BYTES_OF_A_PAIR_ROW * (src + tgt),
    }


def plan_mining(
    texts: Mapping[str, Sequence[str]],
    steps: Sequence[Step],
    missing: Sequence[Step],
    encoder: Trained | ObjectEncoder,
    k: int,
    search: SearchKind,
    rows_searched: int,
    estimates: Estimates,
    workers: int = 1,
) -> MiningPlan:
    """The plan of a job whose texts are read.

    Args:
        texts: `src` and `tgt` -> distinct texts.
        steps: steps that encode them.
        missing: the steps that are not up to date.
        encoder: encoder that encodes them.
        k: number of neighbours.
        search: kind of search.
        rows_searched: rows that an unfinished search has searched.
        estimates: estimates of the seconds for encoding.
        workers: workers of an engine, each as fast as this machine, that share the work.
    """
    src, tgt = len(texts["src"]), len(texts["tgt"])
    width = encoder.width
    precision = resolve_precision("auto")
    products = 2 * float(src - rows_searched) * tgt * width
    memory = memory_of(
        (src, tgt),
        width,
        k,
        search=search,
        screened_bytes=screened_bytes(),
        text_bytes=_bytes_of_texts(texts),
        encoder_bytes=encoder.weight_bytes,
        workers=workers,
    )
    return MiningPlan(
        texts={"src": src, "tgt": tgt},
        width=width,
        search=search,
        to_encode=int(sum(step.work for step in missing)),
        rows_searched=rows_searched,
        workers=workers,
        memory_bytes=memory,
        peak_memory_bytes=max(memory.values()),
        store_bytes=4 * width * int(sum(step.work for step in steps) + tgt) + 12 * k * (src + tgt),
        encode_seconds=_encode_seconds(missing, estimates, workers),
        search_seconds=(
            products / PRODUCTS_PER_SECOND[precision] / workers if search == "exact" else None
        ),
    )


def _bytes_of_texts(texts: Mapping[str, Sequence[str]]) -> int:
    return sum(sys.getsizeof(text) + _BYTES_OF_A_TEXT for side in texts.values() for text in side)


def _encode_seconds(missing: Sequence[Step], estimates: Estimates, workers: int) -> float | None:
    """Expected seconds of the steps that encode; None if the speed of the encoder is not known."""
    seconds = [estimates.seconds(step) for step in missing]
    known = [each for each in seconds if each is not None]
    return sum(known) / workers if len(known) == len(seconds) else None
