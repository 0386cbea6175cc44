"""The study of your own data: its settings, and its text with comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from crosslift.encoders.training_temperature import training_temperature
from crosslift.errors import StudyError
from crosslift.forms.declared_forms import form_facts
from crosslift.scaffold.own_data import OwnData, StudyParts, write_rows
from crosslift.targets.gettext import GETTEXT

RATES = (3e-6, 1e-5, 3e-5)
"""Learning rates to try: small ones, because a good encoder can lose much."""
_HEAD_RATE = 1e-3
_BATCH = 32
_LEAST_UPDATES = 20
_MOST_UPDATES = 300
_DEV_NAMES = ("it", "ko", "pt", "id")
"""Languages of `names` for choosing settings if the data have no dev part. No target reports them."""
_NAMES = ("ar", "de", "es", "fa", "fr", "ja", "ru", "tr", "zh")


@dataclass(frozen=True)
class FirstStudy:
    """The content of a study of your own data.

    Args:
        name: name of the study.
        encoder: name or folder of the encoder.
        parts: the part of the study from each of your data.
        languages: languages to guard; empty: all languages of the packaged targets.
        zero_shot: whether all training texts are English.
        seeds: number of trainings of each arm.
        updates: updates of each arm; None: two passes over the data, 20 to 300.
        with_controls: whether each arm has its control.
        base: folder of the study's file: files below it are named from there.
    """

    name: str
    encoder: str
    parts: Sequence[StudyParts]
    languages: tuple[str, ...] = ()
    zero_shot: bool = True
    seeds: int = 3
    updates: int | None = None
    with_controls: bool = True
    base: Path = Path()

    @property
    def trained(self) -> list[str]:
        """The arms that train on your data."""
        return [part.arm for part in self.parts if part.arm]

    def text(self) -> str:
        """The study file, with a comment for each choice."""
        return "\n".join(self._lines()) + "\n"

    def write_parts(self) -> None:
        """Writes the parts of the data: training data and held-out data.

        Raises:
            ArtifactError: the disk is full, or the folder cannot be written.
        """
        for part in self.parts:
            for path, rows in part.files.items():
                write_rows(path, rows)

    def _lines(self) -> Iterator[str]:
        question = f"Does training on {' and '.join(self._trained_on())} help in other languages?"
        yield "# Written by crosslift. Change what you like: docs/study-file.md has every setting."
        yield f"name: {_flow(self.name)}"
        yield f"question: {_flow(question)}"
        seeds = _flow(list(range(1, self.seeds + 1)))
        yield f"seeds: {seeds}  # trainings of each arm: verdicts need two or more"
        yield "smallest_effect: 1  # in points: the smallest difference that matters to you"
        yield "starts:"
        yield f"  start: {_flow({'encoder': self.encoder})}"
        yield "start: start"
        budget = {"updates": self._updates(), "batch_size": _BATCH}
        yield f"budget: {_flow(budget)}  # the same for all arms"
        yield "arms:"
        yield f"  baseline: {_flow({'description': 'the encoder, untouched'})}"
        for part in self.parts:
            yield from self._arm(part)
        yield "targets:"
        for target, words in self.targets():
            yield f"  - {_flow(self._placed(target))}  # {words}"
        maps = [part for part in self.parts if part.needs_map]
        if maps:
            yield "comparisons:"
        for part in maps:
            compared = {
                "arm": part.arm,
                "against": f"{part.arm}-map",
                "targets": [part.target["name"]],
                "question": "Are pictures found better than by the untouched encoder with a map?",
            }
            yield f"  - {_flow(compared)}"

    def _trained_on(self) -> list[str]:
        return [part.description for part in self.parts if part.arm]

    def _updates(self) -> int:
        if self.updates is not None:
            return self.updates
        rows = max(part.rows for part in self.parts)
        return min(_MOST_UPDATES, max(_LEAST_UPDATES, ceil(2 * rows / _BATCH)))

    def _arm(self, part: StudyParts) -> Iterator[str]:
        if not part.arm:
            return
        on = part.choose_on or {"name": "names", "languages": list(_DEV_NAMES)}
        heads = {"head_learning_rate": _HEAD_RATE} if part.needs_map else {}
        stage = self._placed(part.stage | heads)
        temperature = training_temperature(self.encoder)
        if temperature is not None:
            stage["options"] = {form_facts(part.stage["task"]).temperature: temperature}
        yield f"  {part.arm}:"
        yield f"    description: {_flow(part.description)}"
        if not self.zero_shot:
            yield "    zero_shot: false  # your texts are not all in English"
        if self.with_controls:
            control, words = part.control
            yield f"    controls: [{control}]  # {words}"
        yield "    choose:  # every seed takes the rate that is best on data that no target reports"
        yield f"      learning_rate: {_flow(list(RATES))}"
        yield f"      on: {_flow(self._placed(on))}"
        known = (
            "" if temperature is None else "  # at the temperature of the encoder's own training"
        )
        yield f"    stages:{known}"
        yield f"      - {_flow(stage)}"
        if part.needs_map:
            yield f"  {part.arm}-map:"
            yield "    description: the encoder, untouched, and a map from pictures to it"
            yield "    stages:"
            yield f"      - {_flow(stage | {'text_side': 'locked'})}"

    def targets(self) -> list[tuple[dict[str, Any], str]]:
        """Settings and description of each target: your data, then the packaged guards.

        Raises:
            StudyError: no target measures a language that you want to guard.
        """
        targets = []
        for part in self.parts:
            languages = self._guarded(part.languages)
            if languages:
                targets.append((part.target | {"languages": languages}, part.measures))
            elif not part.languages:
                targets.append((part.target, part.measures))
        for name, codes, words in (
            ("names", _NAMES, "names of concepts: a guard"),
            ("gettext", GETTEXT.languages or (), "sentences of programs: a guard"),
        ):
            if languages := self._guarded(codes):
                targets.append(({"name": name, "languages": languages}, words))
        measured = {code for target, _ in targets for code in target.get("languages", ())}
        packaged = {*_NAMES, *(GETTEXT.languages or ())}
        missing = [code for code in self.languages if code not in measured]
        if missing:
            raise StudyError(
                f"no target measures {', '.join(missing)}",
                f"languages of your bitexts, or some of {', '.join(sorted({*packaged, *measured}))}",
                "give a folder of bitexts of these languages and English",
            )
        return targets

    def _guarded(self, codes: Sequence[str]) -> list[str]:
        """The guarded languages among some languages."""
        return [code for code in codes if not self.languages or code in self.languages]

    def _placed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with the path of their data relative to the study's folder, if the data are inside
        it."""
        placed = dict(settings)
        if "data" in placed:
            path = Path(placed["data"]).absolute()
            below = path.is_relative_to(self.base.absolute())
            placed["data"] = str(path.relative_to(self.base.absolute()) if below else path)
        return placed


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False
    )
    return text.removesuffix("\n...\n").rstrip("\n")


def first_study(
    name: str,
    encoder: str,
    data: Sequence[OwnData],
    folder: Path,
    **settings: Any,
) -> FirstStudy:
    """The study of your data. It writes nothing; `FirstStudy.write_parts` writes the parts.

    Args:
        name: name of the study.
        encoder: name or folder of the encoder.
        data: your data.
        folder: folder for the parts of the data.
        settings: fields of `FirstStudy`.

    Raises:
        StudyError: two data of one kind, or no data to train on.
        DataError: too few rows to hold some out.
    """
    parts = [each.parts(folder) for each in data]
    arms = [part.arm for part in parts if part.arm]
    targets = [part.target["name"] for part in parts]
    if not arms:
        raise StudyError("nothing to train on", "a table of pairs, or pictures with captions")
    twice = [t for t in dict.fromkeys(targets) if targets.count(t) > 1]
    if twice:
        raise StudyError(f"two data that target {twice[0]!r} measures", "one of each kind")
    return FirstStudy(name, encoder, parts, **settings)
