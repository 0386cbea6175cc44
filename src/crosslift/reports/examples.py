"""Queries on which arms disagree, what these returned, and how many queries each gained and lost."""

from __future__ import annotations

import base64
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from PIL import Image

from crosslift.errors import DataError
from crosslift.languages import language_pair
from crosslift.metrics.table import described
from crosslift.reports.language_names import known_language, name_of
from crosslift.results.arm_facts import ArmFacts
from crosslift.results.example import Example
from crosslift.results.result_record import read_optional_json_file
from crosslift.results.run_folder import RunFolder
from crosslift.results.sensitivity import SENSITIVITY_FILE, Sensitivity
from crosslift.results.target_facts import TargetFacts
from crosslift.targets.kinds.every_kind import KINDS

PIVOT = "en"
PICTURE_SIDE = 144
Pictures = Callable[[str], str]


@dataclass(frozen=True)
class Content:
    """A text with its language and direction, or a picture, or both, or neither.

    Args:
        text: the text; None for a picture.
        lang: BCP-47 code of the text.
        direction: "rtl", "ltr", or "auto" for a language that is not known.
        picture: data URI; None for a text.
    """

    text: str | None
    lang: str
    direction: str
    picture: str | None


@dataclass(frozen=True)
class AnswerView:
    """What an arm returned."""

    arm: ArmFacts
    content: Content
    correct: bool


@dataclass(frozen=True)
class ExampleView:
    """A query, the right answer, and what each arm returned; ``pictures``: whether as pictures."""

    language: str
    query: Content
    gold: Content
    answers: tuple[AnswerView, ...]
    pictures: bool


@dataclass(frozen=True)
class GainedAndLost:
    """How many queries of a target an arm alone answers, and its baseline alone: means over seeds."""

    arm: ArmFacts
    gained: str
    lost: str


@dataclass(frozen=True)
class ExampleGroup:
    """The examples of one target, and what each arm gained and lost on all its queries.

    Args:
        target: target of the queries.
        protocol: protocol of the queries.
        changes: gained and lost queries of each arm that is compared with its baseline; empty if the
            run did not count.
        examples: queries on which arms disagree.
    """

    target: TargetFacts
    protocol: str
    changes: tuple[GainedAndLost, ...]
    examples: tuple[ExampleView, ...]

    @property
    def fine_tuned(self) -> bool:
        """Whether encoders are fine-tuned on English examples before they answer."""
        return KINDS[self.target.kind].fine_tuned


def example_groups(folder: RunFolder) -> list[ExampleGroup]:
    """The queries on which arms disagree by target, in the order of the targets and of the file.

    Args:
        folder: the run; pictures are read from it.

    Returns:
        The groups that have an example.

    Raises:
        DataError: a picture is missing, unreadable or outside the folder.
    """
    groups = []
    pictures = cache(partial(picture_uri, folder.path))
    for target in folder.run.targets:
        examples = [e for e in folder.examples if e.target == target.name and e.is_disputed]
        if examples:
            protocol = examples[0].protocol
            views = tuple(_view(folder, target, example, pictures) for example in examples)
            groups.append(ExampleGroup(target, protocol, _changes(folder, target, protocol), views))
    return groups


def _changes(folder: RunFolder, target: TargetFacts, protocol: str) -> tuple[GainedAndLost, ...]:
    """What each arm gained and lost against its baseline under a protocol, in the order of arms."""
    entries = read_optional_json_file(folder.path / SENSITIVITY_FILE, tuple[Sensitivity, ...]) or ()
    counts = {
        (entry.arm, entry.against): counted
        for entry in entries
        if entry.target == target.name
        for counted in (entry.counts_under(protocol, of_target=target.protocol),)
        if counted is not None
    }
    return tuple(
        GainedAndLost(arm, *(f"{number:,.1f}" for number in counts[arm.name, arm.baseline]))
        for arm in folder.run.arms
        if (arm.name, arm.baseline) in counts
    )


def example_section(folder: RunFolder) -> list[ExampleGroup] | None:
    """The section of the report; None if arms disagree on no example."""
    return example_groups(folder) or None


_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for a damaged file."""


def _view(
    folder: RunFolder, target: TargetFacts, example: Example, pictures: Pictures
) -> ExampleView:
    query_language, answer_language = _sides(folder, target, example)
    answers = tuple(
        AnswerView(
            arm=folder.arm(answer.arm),
            content=_content(answer.text, answer.picture, answer_language, pictures),
            correct=answer.correct,
        )
        for answer in example.answers
    )
    return ExampleView(
        language=name_of(example.language),
        query=_content(example.query_text, example.query_picture, query_language, pictures),
        gold=_content(example.gold_text, example.gold_picture, answer_language, pictures),
        answers=answers,
        pictures=any(answer.content.picture for answer in answers),
    )


def _sides(folder: RunFolder, target: TargetFacts, example: Example) -> tuple[str, str]:
    """The languages of a query's text and of its answers' texts.

    Spans are in the language of their text; labels and tags are English.
    """
    if KINDS[target.kind].one_language or described(target.metric).answers == "spans":
        return example.language, example.language
    stated = folder.run.protocols.get(example.protocol, {}).get("direction")
    direction = str(stated or example.protocol.rpartition("/")[2])
    pair = language_pair(example.language)
    if pair:
        return pair if direction == "xx->yy" else (pair[1], pair[0])
    if direction.startswith(f"{PIVOT}->"):
        return PIVOT, example.language
    return example.language, PIVOT


def _content(text: str | None, picture: str | None, lang: str, pictures: Pictures) -> Content:
    known = known_language(lang)
    direction = "auto" if known is None else "rtl" if known.right_to_left else "ltr"
    uri = pictures(picture) if picture is not None else None
    return Content(text, lang, direction, uri)


def picture_uri(folder: Path, picture: str) -> str:
    """A picture of the run folder as a small data URI.

    Args:
        folder: the run folder.
        picture: its path relative to the folder.

    Returns:
        A WebP picture of at most ``PICTURE_SIDE`` pixels a side, as a data URI.

    Raises:
        DataError: the picture is missing, unreadable or outside the folder.
    """
    if "\0" in picture:
        raise DataError(f"the picture {picture!r} of {folder}", "a name of a file")
    path = (folder / picture).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise DataError(f"the picture {picture!r} is outside {folder}", "a path inside the folder")
    try:
        with Image.open(path) as image:
            small = image.convert("RGBA")
    except _DAMAGE as error:
        raise DataError(
            f"the picture {picture!r} of {folder} cannot be read: {error}", "a PNG file"
        ) from error
    small.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format="WEBP", quality=82, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
