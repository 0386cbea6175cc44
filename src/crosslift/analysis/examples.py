"""Examples of queries with what each arm returned: those on which the arms differ most."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from PIL import Image

from crosslift.analysis.collect import Gathered
from crosslift.artifacts.files import file_written_whole
from crosslift.images.decode import load_picture
from crosslift.metrics.table import metric_named
from crosslift.results.example import ArmAnswer, Example
from crosslift.sources.record import Record
from crosslift.targets.captions import captions_of
from crosslift.targets.protocol import Direction
from crosslift.targets.target import BitextData, LabelledData, MiningData, PictureData

_LANGUAGES = 6
_QUERIES = 3
_PICTURE_SIZE = 96
_LONGEST = 300


def write_examples(gathered: Gathered, folder: Path) -> list[Example]:
    """Chooses examples of every target, and writes the pictures they need into ``pictures/``."""
    examples: list[Example] = []
    for target in gathered.plan.targets:
        examples += _examples_of(gathered, target, folder)
    return examples


def _examples_of(gathered: Gathered, target: str, folder: Path) -> list[Example]:
    loaded = gathered.plan.targets[target]
    right = metric_named(loaded.target.metric).right
    if isinstance(loaded.data, MiningData) or right is None:
        return []
    shown_as = loaded.protocols[0]
    if shown_as.direction == "both":  # an answer is one of a direction
        shown_as = loaded.protocols[1]
    protocol = shown_as.id
    rows = gathered.outcomes.filter(
        (pc.field("target") == target) & (pc.field("protocol") == protocol)
    ).select(["arm", "seed", "language", "item", right, "retrieved"])
    rows = rows.rename_columns(["arm", "seed", "language", "item", "right", "retrieved"])
    measured = [run for run in gathered.plan.runs if target in run.evaluations]
    first_seed = {run.arm: run.seed for run in reversed(measured)}
    answers: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows.to_pylist():
        if row["seed"] == first_seed[row["arm"]]:
            answers.setdefault((row["language"], row["item"]), {})[row["arm"]] = row
    examples: list[Example] = []
    written: set[str] = set()
    for language in _spread(sorted({language for language, _ in answers}), _LANGUAGES):
        queries = [item for asked, item in answers if asked == language]
        queries.sort(key=lambda item: (_disagreement(answers[language, item]), item))
        shown = _Example(loaded.data, language, shown_as.direction, folder, written)
        for item in queries[:_QUERIES]:
            returned = answers[language, item].items()
            examples.append(
                Example(
                    target=target,
                    language=language,
                    protocol=protocol,
                    **shown.query(item),
                    answers=tuple(shown.answer(arm, row) for arm, row in returned),
                )
            )
    return examples


def _spread(names: Sequence[str], count: int) -> list[str]:
    """So many of the names, evenly spread."""
    step = max(1.0, len(names) / count)
    return [names[int(i * step)] for i in range(min(count, len(names)))]


def _disagreement(answers: Mapping[str, Mapping[str, Any]]) -> int:
    """0 where as many arms are right as wrong; larger, the more they agree."""
    right = sum(1 for row in answers.values() if row["right"] > 0)
    return abs(2 * right - len(answers))


class _Example:
    """Queries of a language and their answers, as one direction asks.

    Args:
        data: of the target.
        language: of the queries, or of their answers.
        direction: which side asks.
        folder: of the run.
        written: ids of the pictures that are written already.
    """

    def __init__(
        self,
        data: BitextData | PictureData | LabelledData,
        language: str,
        direction: Direction,
        folder: Path,
        written: set[str],
    ) -> None:
        self.data = data
        self.language = language
        self.direction = direction
        self.folder = folder
        self._written = written
        if isinstance(data, BitextData):
            bitext = data.bitexts[language]
            asking, answering = bitext.src, bitext.tgt
            if direction in ("en->xx", "yy->xx"):
                asking, answering = answering, asking
            self.asking = dict(zip(bitext.items, asking, strict=True))
            self.answering = dict(zip(bitext.items, answering, strict=True))
        elif isinstance(data, LabelledData):
            self.records = {record.id: record for record in data.tests[language]}
        else:
            captions = captions_of(data.texts[language])
            told = zip(captions.texts, captions.items, strict=True)
            self.texts = dict(zip(captions.ids, told, strict=True))

    def query(self, item: str) -> dict[str, str | None]:
        """The query and the right answer."""
        if isinstance(self.data, BitextData):
            query, gold = self.asking[item], self.answering[item]
            return _sides("query", query, None) | _sides("gold", gold, None)
        if isinstance(self.data, LabelledData):
            record = self.records[item]
            return _sides("query", _asked(record), None) | _sides("gold", _right(record), None)
        if self.data.classes:
            name = self._class(self.data.classes[item])
            return _sides("query", None, self._picture(item)) | _sides("gold", name, None)
        if self.direction == "picture->text":
            gold = next(text for text, shown in self.texts.values() if self._fits(item, shown))
            return _sides("query", None, self._picture(item)) | _sides("gold", gold, None)
        text, shown = self.texts[item]
        return _sides("query", text, None) | _sides(
            "gold", None, self._picture(self.data.right_picture(shown))
        )

    def answer(self, arm: str, row: Mapping[str, Any]) -> ArmAnswer:
        """What an arm returned."""
        item = row["retrieved"]
        correct = row["right"] > 0
        if isinstance(self.data, LabelledData):
            return ArmAnswer(arm=arm, text=item, picture=None, correct=correct)
        if isinstance(self.data, BitextData):
            return ArmAnswer(arm=arm, text=self.answering[item], picture=None, correct=correct)
        if self.data.classes:
            return ArmAnswer(arm=arm, text=self._class(item), picture=None, correct=correct)
        if self.direction == "picture->text":
            texts = self.data.texts[self.language]
            text = self.texts[item][0] if item in self.texts else texts[item][0]
            return ArmAnswer(arm=arm, text=text, picture=None, correct=correct)
        return ArmAnswer(arm=arm, text=None, picture=self._picture(item), correct=correct)

    def _fits(self, picture: str, item: str) -> bool:
        """Whether the text of an item is right for a picture: its own, or one of its topic."""
        topics = self.data.topics if isinstance(self.data, PictureData) else {}
        return topics[item] == topics[picture] if topics else item == picture

    def _class(self, name: str) -> str:
        if not isinstance(self.data, PictureData):
            raise TypeError("a bitext has no classes")
        return self.data.texts[self.language][name][0]

    def _picture(self, item: str) -> str:
        if not isinstance(self.data, PictureData):
            raise TypeError("a bitext has no pictures")
        # An id may hold what no file name may, and two targets may have the same ids.
        name = hashlib.sha256(f"{self.data.checksum} {item}".encode()).hexdigest()[:20]
        path = self.folder / "pictures" / f"{name}.png"
        if item not in self._written:
            picture = load_picture(self.data.pictures[item], _PICTURE_SIZE)
            with file_written_whole(path) as draft:
                Image.fromarray(picture).save(draft)
            self._written.add(item)
        return path.relative_to(self.folder).as_posix()


def _asked(record: Record) -> str:
    """What an example asks; of a passage, its beginning."""
    texts = [
        record.texts[name]
        for name in ("question", "passage", "text", "pair")
        if name in record.texts
    ]
    return " / ".join(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..." for text in texts)


def _right(record: Record) -> str:
    if record.label is not None:
        return record.label
    return " / ".join(record.texts["passage"][start:end] for start, end in record.spans)


def _sides(role: str, text: str | None, picture: str | None) -> dict[str, str | None]:
    return {f"{role}_text": text, f"{role}_picture": picture}
