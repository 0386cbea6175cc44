"""Which settings arms chose among those that they tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crosslift.metrics.table import described
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.setting_choices import ArmChoice, Edge, TriedSettings
from crosslift.wording import count, duration, plural

_NAMES = {"learning_rate": "learning rate", "updates": "number of updates"}


class TryScore(NamedTuple):
    """The score of a try under one seed, as displayed, and whether the seed chose it."""

    text: str
    chosen: bool


@dataclass(frozen=True)
class TryRow:
    """A try of an arm: its settings in words, and its score under each seed."""

    arm: ArmFacts
    settings: str
    scores: tuple[TryScore, ...]


@dataclass(frozen=True)
class ChoiceTable:
    """The tries of the arms that chose on the same data.

    Args:
        sentence: which data they chose on.
        seeds: the seeds, one for each column.
        rows: the tries, arm by arm.
    """

    sentence: str
    seeds: tuple[int, ...]
    rows: tuple[TryRow, ...]


def choice_tables(arms: Sequence[ArmFacts]) -> list[ChoiceTable]:
    """A table for all arms that chose on the same data, in the order of the arms."""
    groups: dict[tuple[str, tuple[int, ...]], list[TryRow]] = {}
    for arm in arms:
        if arm.choice is not None:
            seeds = tuple(each.seed for each in arm.choice.seeds)
            groups.setdefault((_sentence(arm.choice), seeds), []).extend(_rows(arm, arm.choice))
    return [ChoiceTable(sentence, seeds, tuple(rows)) for (sentence, seeds), rows in groups.items()]


def _sentence(choice: ArmChoice) -> str:
    metric = described(choice.metric)
    return (
        f"Each seed chose the best of its tries by {metric.heading} on {choice.title} "
        f"({', '.join(choice.languages)}; protocol {choice.protocol}). No target reports "
        "these pairs."
    )


def _rows(arm: ArmFacts, choice: ArmChoice) -> Iterator[TryRow]:
    metric = described(choice.metric)
    for place, tried in enumerate(choice.seeds[0].tries):
        scores = (
            TryScore(metric.score(seed.tries[place].score), seed.chosen == place)
            for seed in choice.seeds
        )
        yield TryRow(arm, try_words(tried), tuple(scores))


def try_words(tried: TriedSettings) -> str:
    """The settings of a try, such as ``learning rate 3e-05, 200 updates``."""
    return ", ".join(
        plural(int(value), "update") if name == "updates" else f"{_title(name)} {_number(value)}"
        for name, value in tried.settings.items()
    )


def tries_words(arm: ArmFacts) -> str:
    """What the tries of an arm cost together, mean over seeds; empty if it chose nothing."""
    if arm.choice is None or arm.budget_of_tries is None:
        return ""
    spent = arm.budget_of_tries
    tries = "1 try" if arm.choice.count == 1 else f"{count(arm.choice.count)} tries"
    return (
        f"{tries}: {count(spent.updates)} updates, {count(spent.examples)} examples, "
        f"{duration(spent.seconds)}"
    )


def edge_sentences(arms: Sequence[ArmFacts]) -> list[str]:
    """A sentence for each chosen value at the edge of its grid, with the seeds that chose it."""
    sentences = []
    for arm in arms:
        seeds: dict[tuple[str, Edge, float], list[str]] = {}
        for each in arm.choice.seeds if arm.choice else ():
            for name, edge in each.edges.items():
                seeds.setdefault((name, edge, each.settings[name]), []).append(str(each.seed))
        for (name, edge, value), numbers in seeds.items():
            of_seeds = f"seed{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
            sentences.append(
                f"`{arm.name}`: the best {_title(name)}, {_number(value)}, is the {edge} that was "
                f"tried ({of_seeds}): a better one may lie beyond."
            )
    return sentences


def _title(name: str) -> str:
    return _NAMES.get(name, name.replace("_", " "))


def _number(value: float) -> str:
    """A number in the format of the stages: ``3e-05``, ``0.001``, ``1,000``."""
    return count(value) if isinstance(value, int) else f"{value:g}"
