"""Which step is next."""

from __future__ import annotations

from dataclasses import replace

from engine_steps import step

from crosslift.engines.frontier import Frontier, in_memory, ranks
from crosslift.steps.step import Step


def seconds(each: Step) -> float:
    return float(each.settings.get("seconds", 1.0))


def chain(name: str, *lengths: float) -> list[Step]:
    steps: list[Step] = []
    for number, length in enumerate(lengths):
        steps.append(step(f"{name}{number}", steps[-1:], seconds=length))
    return steps


def names(steps: object) -> list[str]:
    return [each.label for each in steps]  # type: ignore[attr-defined]


def test_a_rank_is_the_time_to_the_end_of_the_longest_chain() -> None:
    long, short = chain("long", 1, 20, 3), chain("short", 5, 2)
    rank_of = ranks([*short, *long], seconds)
    assert [rank_of[each.key] for each in long] == [24, 23, 3]
    assert [rank_of[each.key] for each in short] == [7, 2]


def test_the_longest_chain_begins_and_equal_ones_keep_their_order() -> None:
    short, long = chain("short", 5, 2), chain("long", 1, 20, 3)
    one, two = step("one", seconds=2.0), step("two", seconds=2.1)
    steps = [*short, one, two, *long]
    frontier = Frontier(steps, ranks(steps, seconds))
    assert names(frontier.ready()) == ["long0", "short0", "one", "two"]


def test_a_step_is_ready_when_its_inputs_exist() -> None:
    first, second = step("first"), step("second")
    both = step("both", [first, second])
    frontier = Frontier([first, second, both], ranks([first, second, both], seconds))
    frontier.settle(first)
    assert names(frontier.ready()) == ["second"]
    frontier.settle(second)
    assert names(frontier.ready()) == ["both"]
    frontier.settle(both)
    assert not frontier


def test_what_needs_a_failed_step_is_left_out() -> None:
    first, other = chain("first", 1, 1, 1), step("other")
    frontier = Frontier([*first, other], ranks([*first, other], seconds))
    assert names(frontier.drop(first[0])) == ["first1", "first2"]
    assert names(frontier.ready()) == ["other"]


def test_the_encoder_in_memory_is_used_first() -> None:
    trainings = [replace(step(f"arm {n}", encoder={"files": "f"}), kind="train") for n in (1, 2, 3)]
    encodings = [
        Step("encode", f"texts {n}", {"encoder": {"files": "f"}}, {"encoder": t}, t.make, 0.1)
        for n, t in enumerate(trainings, 1)
    ]
    steps = [*trainings, *encodings]
    frontier = Frontier(steps, ranks(steps, seconds))
    frontier.settle(trainings[1])
    assert names(frontier.ready(in_memory(trainings[1]))) == ["texts 2", "arm 1", "arm 3"]
    assert names(frontier.ready()) == ["arm 1", "arm 3", "texts 2"]
    assert frontier.take(in_memory(trainings[1])) is encodings[1]
    assert frontier.take(in_memory(trainings[1])) is trainings[0]
