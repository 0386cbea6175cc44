"""The environments of a run, and whether all its steps were made in the same one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crosslift.results.run_facts import RunFacts
from crosslift.results.step_facts import RunEnvironment
from crosslift.wording import listed, plural

NOT_RECORDED = "not recorded"
_MOST_FACTS = 6
_FIRST = (
    *("processor", "instructions", "device", "accelerator", "threads", "bfloat16 products"),
    *("BLAS of torch", "BLAS of numpy and scipy", "python", "torch", "crosslift", "commit"),
)


@dataclass(frozen=True)
class FactRow:
    """A fact that is not the same in all environments.

    Args:
        fact: its name.
        values: one for each environment.
        changes_numbers: whether it can change a number and differs between steps.
    """

    fact: str
    values: tuple[str, ...]
    changes_numbers: bool


@dataclass(frozen=True)
class EnvironmentSection:
    """What the section of the report shows.

    Args:
        mixed: in words, which facts differ between steps and to which arms they belong. None: none do.
        uses: what each environment was used for.
        first: the most important facts that are the same everywhere.
        further: the other facts that are the same everywhere.
        different: the facts that are not the same everywhere.
        recorded: whether it is known in which environment each step was made.
    """

    mixed: str | None
    uses: tuple[str, ...]
    first: tuple[tuple[str, str], ...]
    further: tuple[tuple[str, str], ...]
    different: tuple[FactRow, ...]
    recorded: bool


def environment_section(run: RunFacts) -> EnvironmentSection:
    """The section of a run's environments.

    Args:
        run: the facts of ``run.json``, of an earlier version too.
    """
    every = run.environments
    names = list(dict.fromkeys(name for each in every for name in each.facts))
    values = {n: tuple(each.facts.get(n, NOT_RECORDED) for each in every) for n in names}
    same = {name: of_fact[0] for name, of_fact in values.items() if len(set(of_fact)) == 1}
    return EnvironmentSection(
        mixed=mixed_words(run),
        uses=tuple(_use(run, number) for number in range(len(every))),
        first=tuple((name, same[name]) for name in _FIRST if name in same),
        further=tuple((name, value) for name, value in same.items() if name not in _FIRST),
        different=tuple(
            FactRow(name, of_fact, name in run.differing)
            for name, of_fact in values.items()
            if name not in same
        ),
        recorded=any(step.environments for step in run.steps) or not run.steps,
    )


def mixed_words(run: RunFacts) -> str | None:
    """Says which facts differ between the steps of a run, and to which arms these belong.

    Returns:
        One paragraph; None if all steps were made in the same environment, as far as is recorded.
    """
    if not run.differing:
        return None
    made = [(number, each) for number, each in enumerate(run.environments, 1) if each.steps]
    facts_to_name = run.differing[:_MOST_FACTS]
    facts = [f"{name} ({_distinct(name, [e for _, e in made])})" for name in facts_to_name]
    if len(run.differing) > len(facts_to_name):
        facts.append(plural(len(run.differing) - len(facts_to_name), "more fact"))
    shares = [f"Environment {n}: {plural(e.steps, 'step')}, {_arms(run, e)}" for n, e in made]
    return (
        f"The steps of this run were made in {len(made)} environments that differ in "
        f"{listed(facts)}. {'. '.join(shares)}. A second run need not give the same "
        "numbers, and a small difference between arms that were made apart may come from this."
    )


def other_code_words(run: RunFacts) -> str | None:
    """Says which steps of a run were made by other code than the code that wrote its folder.

    Returns:
        One paragraph; None if there are none.
    """
    others = [(step.kind, step.other_code) for step in run.steps if step.other_code]
    return trusted_words(others, "this report") if others else None


def trusted_words(steps: Sequence[tuple[str, Sequence[str]]], than: str) -> str:
    """Says which steps other code made, although the run uses them.

    Args:
        steps: kind of each, and the modules in which its code differs; at least one.
        than: name of what the present code makes, such as "this report".
    """
    modules = sorted({name.removeprefix("crosslift.") for _, some in steps for name in some})
    names = modules[:_MOST_FACTS]
    if len(modules) > len(names):
        names.append(plural(len(modules) - len(names), "more module"))
    kinds = Counter(kind for kind, _ in steps)
    counts = [plural(count, f"{kind} step") for kind, count in kinds.items()]
    return (
        f"Made by other code than {than}: {plural(len(steps), 'step')} ({listed(counts)}), taken as "
        f"they are (--trust-code). The code differs in {listed(names)}."
    )


def _distinct(name: str, environments: Sequence[RunEnvironment]) -> str:
    values = dict.fromkeys(each.facts.get(name, NOT_RECORDED) for each in environments)
    return " / ".join(values)


def _arms(run: RunFacts, environment: RunEnvironment) -> str:
    if len(environment.arms) == len(run.arms):
        return "of all arms"
    if not environment.arms:
        return "of no single arm"
    return f"of {listed(list(environment.arms))}"


def _use(run: RunFacts, number: int) -> str:
    environment = run.environments[number]
    parts = [f"{plural(environment.steps, 'step')}, {_arms(run, environment)}"]
    if not environment.steps:
        parts = []
    if number == run.written_in:
        parts.append("verdicts and report")
    return "; ".join(parts)
