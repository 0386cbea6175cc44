"""Which prompt was put before the texts, in training and under each protocol, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from crosslift.results.run_facts import RunFacts
from crosslift.results.run_folder import RunFolder
from crosslift.results.target_facts import TargetFacts
from crosslift.wording import listed, prompt_words

_PROMPTS = ("prompt", "prompt_src", "prompt_tgt")
"""Fields of a reading."""


def prompt_sentences(run: RunFacts) -> tuple[str, ...]:
    """Sentences on prompts for a reader who compares arms.

    Args:
        run: the facts of a run.

    Returns:
        The prompt with which the arms were trained and measured, or the arms of each prompt; then the
        targets with a prompt for each side, and the protocols of other projects with another prompt.
        Empty for a run of a version that did not record them.
    """
    by_prompt: dict[str, list[str]] = defaultdict(list)
    for arm in run.arms:
        if arm.prompt is not None:
            by_prompt[arm.prompt].append(arm.name)
    if not by_prompt:
        return ()
    others = _others(run.protocols, set(by_prompt))
    sides = [_of_sides(target) for target in run.targets if target.side_prompts]
    return (_of_arms(by_prompt), *sides, *([others] if others else []))


def _of_sides(target: TargetFacts) -> str:
    clauses = []
    for side in ("src", "tgt"):
        text = target.side_prompts.get(f"prompt_{side}")
        name = target.side_prompts.get(f"prompt_name_{side}")
        if text is not None:
            clauses.append(f"{side} texts have {prompt_words(text)}")
        if name is not None:
            clauses.append(f"{side} texts have the prompt that the encoder names {name!r}")
    return f"On {target.title}, {listed(clauses)} instead."


def _of_arms(by_prompt: Mapping[str, list[str]]) -> str:
    where = "in training and in our own protocols"
    if len(by_prompt) == 1:
        return f"Every arm reads its texts with {prompt_words(next(iter(by_prompt)))}, {where}."
    prompts = "; ".join(
        f"{prompt_words(prompt)}: {listed(arms)}" for prompt, arms in by_prompt.items()
    )
    return (
        f"The arms differ in the prompt before their texts, {where}: {prompts}. A difference between "
        "two of them is one of prompts, too."
    )


def _others(protocols: Mapping[str, Mapping[str, Any]], prompts_of_arms: set[str]) -> str:
    """Other projects' protocols with a prompt that differs from that of the arms."""
    by_protocol = {name: _prompts(fields) for name, fields in protocols.items()}
    differing = {
        name: prompts
        for name, prompts in by_protocol.items()
        if not name.startswith("crosslift/") and prompts and prompts != prompts_of_arms
    }
    if not differing:
        return ""
    clauses = "; ".join(
        f"{name} {listed([prompt_words(p) for p in sorted(prompts)])}"
        for name, prompts in differing.items()
    )
    return f"Protocols of other projects use their own prompts: {clauses}."


def _prompts(fields: Mapping[str, Any]) -> set[str]:
    """The prompts of a protocol: one, or one for each start if the starts are read differently."""
    by_start = [each["prompt"] for each in fields.values() if _has_prompt(each)]
    if by_start:
        return set(by_start)
    return {fields["prompt"]} if isinstance(fields.get("prompt"), str) else set()


def _has_prompt(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("prompt"), str)


def field_words(name: str, value: Any) -> str:
    """The value of a protocol's field for people: an empty prompt is none, a reading a list."""
    if isinstance(value, Mapping):
        return ", ".join(_parts(value.items()))
    return "none" if name in _PROMPTS and value == "" else str(value)


def _parts(pairs: Iterable[tuple[str, Any]]) -> list[str]:
    return [f"no {n}" if n in _PROMPTS and v == "" else f"{n} {v}" for n, v in pairs]


def protocol_section(folder: RunFolder) -> dict[str, list[tuple[str, str]]]:
    """The section of the report: name of a protocol -> its fields that have a value, in words."""
    return {
        name: [(field, field_words(field, v)) for field, v in fields.items() if v is not None]
        for name, fields in folder.run.protocols.items()
    }
