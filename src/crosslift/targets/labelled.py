"""Targets of labelled examples: classes, tags, choices, and answers to questions.

An encoder is fine-tuned on English examples and answers in every language. This module decides, for all
of these targets, which split is scored, what is trained on, and which examples model selection uses:

- The test split is scored if its files exist and have labels, else dev. If only unlabelled test files
  exist, they can be answered but not scored.
- Model selection never uses the split that is scored. If English dev is scored, or does not exist, a
  fixed tenth of the English training examples is held out of training instead.
- A listed language without files of the split is a gap; a requested one is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from crosslift.artifacts.keys import key_of
from crosslift.errors import DataError
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.labelled.english import EnglishData
from crosslift.sources.labelled.parts import (
    Examples,
    Key,
    LabelledPart,
    Parts,
    find_parts,
    hub_parts,
    unread_files,
)
from crosslift.sources.labelled.training import MOST_HELD_OUT, PhaseThreeData
from crosslift.sources.record import Record
from crosslift.targets.kinds.labelled_examples import LabelledData, LabelledTarget
from crosslift.targets.other_english import other_english
from crosslift.targets.protocol import OURS, Protocol
from crosslift.targets.protocols import other_selections
from crosslift.targets.target_settings import LabelledSettings
from crosslift.tasks.labelled_dataset import ENGLISH, LabelledDataset
from crosslift.tasks.task import IntermediateTask
from crosslift.xtreme.benchmark import TASKS

Scored = Literal["dev", "test"]
_OF_TRAINING = (
    "training examples of other languages are scored, as there are no others: they compare with no "
    "published score"
)
_REASONS = {
    "scored": "the English dev examples are of the split that is scored",
    "none": "there are no English dev examples to choose by",
    "shared": "SQuAD's dev questions are XQuAD's, and one fine-tuning serves XQuAD and MLQA",
}


def labelled_target(facts: LabelledDataset) -> LabelledTarget:
    """The target that measures on a labelled dataset."""

    def load(settings: LabelledSettings) -> LabelledData:
        available, unread = _available_parts(facts, settings)
        remarks = []
        if facts.train_is_scored and settings.split is None and _only_training(available):
            available = _with_training_scored(available)
            remarks.append(_OF_TRAINING)
        split = _split(facts, settings, available)
        languages, gaps = _languages(facts, settings, available, split)
        parts = {language: available[Key(split, language)] for language in languages}
        examples_by_language = {code: part.read() for code, part in parts.items()}
        if settings.english_task is None:
            source, selection = _phase_three(facts, settings, available, split)
            task = _task(facts, source)
        else:
            task, selection = other_english(facts.name, facts.form, settings)
            remarks.append(
                f"fine-tuned on {settings.english_task}, not on the target's own English set"
            )
        return LabelledData(
            task=task,
            tests={
                language: examples.records for language, examples in examples_by_language.items()
            },
            split=split,
            labelled=_labelled(facts, settings, split, examples_by_language),
            selection=selection,
            gaps=gaps,
            checksum=key_of({language: part.checksum() for language, part in parts.items()}),
            left_out={
                code: each.left_out for code, each in examples_by_language.items() if each.left_out
            },
            remark="; ".join(remarks),
            unread=unread,
            own_dev=_own_dev(settings, available, split, languages),
        )

    return LabelledTarget(
        name=facts.name,
        title=facts.title,
        description=facts.what,
        metric=facts.metric,
        load=load,
        protocols=(_protocol(facts),),
        others=other_selections(_protocol(facts)),
        languages=facts.languages,
        licence=facts.licence,
        citation=facts.citation,
    )


def _protocol(facts: LabelledDataset) -> Protocol:
    """XTREME's definition of a score on its tasks, ours on others."""
    rules = {task.target: task.answer_rules for task in TASKS}
    if facts.name not in rules:
        return Protocol(OURS, "zero-shot", facts.metric, answer_rules=facts.answer_rules)
    return Protocol(
        name="xtreme",
        direction="zero-shot",
        metric=facts.metric,
        reproduces="google-research/xtreme: evaluate.py",
        answer_rules=rules[facts.name],
    )


def _own_dev(
    settings: LabelledSettings, available: Parts, split: Scored, languages: Sequence[str]
) -> dict[str, tuple[Record, ...]]:
    """Language -> its dev examples, if a protocol with the oracle is requested and another split is
    scored."""
    if not {"oracle", "all"} & set(settings.protocols) or split == "dev":
        return {}
    parts = {language: available.get(Key("dev", language)) for language in languages}
    examples = {language: part.read() for language, part in parts.items() if part is not None}
    return {language: each.records for language, each in examples.items() if each.labelled}


def _task(facts: LabelledDataset, source: PhaseThreeData) -> IntermediateTask:
    return IntermediateTask(
        name=facts.other_name or facts.name,
        title=f"English examples of {facts.title}",
        form=facts.form,
        source=source,
        languages=(ENGLISH,),
        licence=facts.licence,
        citation=facts.citation,
    )


def _available_parts(
    facts: LabelledDataset, settings: LabelledSettings
) -> tuple[Parts, dict[str, str]]:
    """All parts of the folder, or of the hub if the settings name no folder; and files that are not
    read."""
    folder = settings.data
    if folder is None:
        return hub_parts(facts.hub, facts.remedy), {}
    entries = entries_of(folder, f"the folder of {facts.name}", facts.remedy)
    for layout in facts.layouts:
        parts = find_parts(layout, folder, facts.scored_splits)
        if parts:
            return parts, unread_files(layout, folder, facts.scored_splits)
    names = [path.name for path in entries][:8]
    raise DataError(
        f"{folder} holds no file of {facts.name}; it holds {', '.join(names) or 'nothing'}",
        "the files as they are published",
        facts.remedy,
    )


def _only_training(available: Parts) -> bool:
    return all(key.split == "train" for key in available)


def _with_training_scored(available: Parts) -> Parts:
    """The parts, with training examples of other languages as dev."""
    others = {key: part for key, part in available.items() if key.language != ENGLISH}
    return {**available, **{Key("dev", key.language): part for key, part in others.items()}}


def _split(facts: LabelledDataset, settings: LabelledSettings, available: Parts) -> Scored:
    """The split that is scored. A part is read if the choice depends on its labels."""
    requested = settings.languages or facts.languages
    parts_by_split: dict[Scored, list[LabelledPart]] = {
        split: [available[Key(split, code)] for code in requested if Key(split, code) in available]
        for split in ("test", "dev")
    }
    if settings.split is not None:
        return settings.split
    if not parts_by_split["dev"]:
        return "test"
    if not parts_by_split["test"]:
        return "dev"
    return "test" if parts_by_split["test"][0].read().labelled else "dev"


def _languages(
    facts: LabelledDataset, settings: LabelledSettings, available: Parts, split: Scored
) -> tuple[list[str], dict[str, str]]:
    """The languages that are measured, in the requested order, and why others are not.

    Raises:
        DataError: a requested language, or every listed one, is missing.
    """
    requested = settings.languages or facts.languages
    missing = [code for code in requested if Key(split, code) not in available]
    place = settings.data or f"{facts.hub.id} of the hub"
    if len(missing) == len(requested) or (settings.languages and missing):
        splits = ", ".join(f"{key.split}-{key.language}" for key in sorted(available))
        raise DataError(
            f"{place} has no {split} examples of {facts.name} in {', '.join(missing)}",
            f"files of the split {split} in these languages; it has {splits}",
            facts.remedy,
        )
    name = place.name if isinstance(place, Path) else place
    gaps = dict.fromkeys(missing, f"no {split} examples in {name}")
    if facts.train_is_scored and split == "dev" and ENGLISH in gaps:
        gaps[ENGLISH] = "its examples are trained on"
    return [code for code in requested if code not in missing], gaps


def _labelled(
    facts: LabelledDataset,
    settings: LabelledSettings,
    split: Scored,
    examples_by_language: Mapping[str, Examples],
) -> bool:
    """Whether the examples have labels.

    Raises:
        DataError: the examples of some languages have labels, those of others do not.
    """
    unlabelled = [
        language for language, examples in examples_by_language.items() if not examples.labelled
    ]
    if unlabelled and len(unlabelled) < len(examples_by_language):
        raise DataError(
            f"{settings.data}: {facts.name} has {split} labels, but not in {', '.join(unlabelled)}",
            "labels in every language that is measured, or in none",
            "name the languages that have labels in `languages`, or set `split: dev`",
        )
    return not unlabelled


def _phase_three(
    facts: LabelledDataset, settings: LabelledSettings, available: Parts, split: Scored
) -> tuple[PhaseThreeData, str]:
    """The data of training and model selection, and the source of the latter in words."""
    data = _english(facts, settings)
    english_dev = available.get(Key("dev", ENGLISH)) if facts.dev == "own" else None
    if english_dev is not None and split == "test":
        return PhaseThreeData(data, target_dev=english_dev), facts.dev_name
    reason = facts.dev if facts.dev == "shared" else "none" if english_dev is None else "scored"
    words = (
        f"a tenth of the English training examples (at most {MOST_HELD_OUT:,}; drawn once, those of "
        f"one passage or first text together), held out of training: {_REASONS[reason]}"
    )
    return PhaseThreeData(data), words


def _english(facts: LabelledDataset, settings: LabelledSettings) -> EnglishData:
    """The English training set: in `english`, else in or beside `data`, else on the hub.

    Raises:
        DataError: `english` has no such training set.
    """
    places: Sequence[Path] = ()
    if settings.english is not None:
        places = (settings.english,)
    elif settings.data is not None:
        places = (settings.data, settings.data.parent)
    training = facts.training
    for place in places:
        if training.files.layout_in(place):
            return replace(training, folder=place)
    if settings.english is not None:
        raise DataError(
            f"{settings.english} holds no English training set of {facts.name}",
            f"a folder with {training.files.names}",
            f"get it: {training.files.where}",
        )
    return training
