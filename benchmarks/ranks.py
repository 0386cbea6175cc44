"""``python -m benchmarks.ranks``: updates on two ranks beside the same updates on one.

Contrastive updates of the embedded encoder on texts of mixed lengths, with one thread a rank. Two ranks
take turns with the first of them alone, in the same processes, so that both meet the same disturbances.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded, here and in the ranks

from benchmarks.measuring.load import CoreTime, is_busy, others_since
from benchmarks.measuring.texts import mixed_lengths, read_texts
from crosslift.ranks.launch import run_ranks
from crosslift.ranks.ranks import ALONE, Ranks

_TEXTS = 2048


def main() -> None:
    """Prints the seconds of an update on one rank and on several, and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranks", description=__doc__)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--batch", type=int, default=128, help="pairs of an update")
    parser.add_argument("--updates", type=int, default=3, help="of a turn")
    parser.add_argument("--turns", type=int, default=5)
    parsed = parser.parse_args()
    texts = mixed_lengths(read_texts(None, 20_000), _TEXTS)
    arguments = (texts, parsed.batch, parsed.updates, parsed.turns)
    begin = CoreTime.now()
    seconds, computed, used = run_ranks(parsed.ranks, take_turns, arguments, print)
    others = others_since(begin, used)
    print(f"update of {parsed.batch} pairs, mixed lengths, one thread a rank, {parsed.turns} turns")
    for name, turns in (("time", seconds), ("processor time of the busiest rank", computed)):
        one, several = (statistics.median(column) / parsed.updates for column in turns)
        ratios = [alone / together for alone, together in zip(*turns, strict=True)]
        print(
            f"{name}: {one:.2f} s on one rank, {several:.2f} s on {parsed.ranks}; ratio "
            f"{one / several:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )
    if is_busy(others):
        print(f"busy: other processes took {others:.0%} of the cores")


def take_turns(
    ranks: Ranks,
    say: Callable[[Any], None],
    texts: Sequence[str],
    batch: int,
    updates: int,
    turns: int,
) -> tuple[list[list[float]], list[list[float]], float]:
    """Seconds of each turn, of one rank and of all; the processor seconds of the busiest rank; and the
    processor seconds of all ranks from beginning to end."""
    del say
    from benchmarks.measuring.updates import batch_rows, open_update, pair_records
    from crosslift.encoders.encoder_settings import EncoderSettings
    from crosslift.encoders.load_encoder import load_encoder
    from crosslift.forms.form import Split
    from crosslift.forms.text_pairs import TextPairs

    settings = EncoderSettings(name="embedded", precision="float32")
    split = Split(pair_records(texts))

    def opened(sharing: Ranks) -> Callable[[int], tuple[float, float]]:
        update = open_update(
            load_encoder(settings), TextPairs(), split, task="text-pairs", ranks=sharing
        )

        def turn(number: int) -> tuple[float, float]:
            began, computed = time.perf_counter(), time.process_time()
            for step in range(number * updates, (number + 1) * updates):
                update(batch_rows(step, batch, len(split.records)), step)
            return time.perf_counter() - began, time.process_time() - computed

        return turn

    alone, together = opened(ALONE), opened(ranks)
    seconds: list[list[float]] = [[], []]
    computed: list[list[float]] = [[], []]
    for number in range(turns + 1):
        of_one = ranks.once(lambda number=number: alone(number))  # type: ignore[misc]
        own_seconds, own = together(number)
        by_rank = ranks.summed([own if n == ranks.number else 0.0 for n in range(ranks.count)])
        if number:  # the first turn warms up
            for column, value in zip(seconds, (of_one[0], own_seconds), strict=True):
                column.append(value)
            for column, value in zip(computed, (of_one[1], max(by_rank)), strict=True):
                column.append(value)
    (used,) = ranks.summed([time.process_time()])
    return seconds, computed, used


if __name__ == "__main__":
    from benchmarks.ranks import main as of_module  # so that ranks find the work by its name

    of_module()
