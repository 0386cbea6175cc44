"""Mewsli-X (Ruder et al. 2021, arXiv 2104.07412): mentions of entities in news search the descriptions
of entities in one pool of 50 languages.

``wikinews_mentions-test.jsonl`` has an article a line, with its mentions;
``candidate_set_entities.jsonl`` an entity a line. Texts are those of XTREME-R's baseline
(google-research/xtreme: third_party/utils_mewslix.py, `preprocess_mention` and
`preprocess_entity_description`): the mention, and the sentence around it with the mention in braces;
the sentences of the description without its title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import psutil

from crosslift.errors import DataError
from crosslift.sources.formats.json_lines import json_lines
from crosslift.sources.formats.rows import Row
from crosslift.sources.judged.collection import Reader, check_size, pool_of
from crosslift.sources.judged.judged_set import JudgedSet
from crosslift.sources.language_codes import language_code
from crosslift.wording import plural

_ENTITIES = "candidate_set_entities.jsonl"
_SPLITS = ("test", "dev")
_LAYOUT = f"Mewsli-X's layout: {_ENTITIES} and wikinews_mentions-test.jsonl with texts"
_BRACED = re.compile(r"\{(.*?)\}")


@dataclass(frozen=True)
class MewsliFiles:
    """The files of one split.

    Args:
        mentions: mentions of the queries.
        entities: entities of the pool.
    """

    mentions: Path
    entities: Path
    default_pool: ClassVar[None] = None

    def sets(self, reader: Reader) -> Iterator[JudgedSet]:
        """The mentions of each language.

        Raises:
            DataError: a row of another layout, an id twice, a mention of an unknown entity or outside
                the sentences of its article, or more texts than the free memory holds.
        """
        check_size([self.entities], psutil.virtual_memory().available)
        descriptions = _descriptions(self.entities, reader)
        pool = pool_of(descriptions)
        queries: dict[str, dict[str, str]] = {}
        grades: dict[str, dict[str, float]] = {}
        for row, code, mention in _mentions(self.mentions):
            item = _value(mention, "example_id", str, row)
            entity = _value(mention, "entity_id", str, row)
            if item in grades:
                raise DataError(f"{row.place}: example_id {item!r} twice", "each id once")
            if entity not in pool.place:
                raise DataError(
                    f"{row.place} names the entity {entity!r}, which {self.entities} does not have",
                    "an entity of the candidate set",
                    "take both files of one release",
                )
            queries.setdefault(code, {})[item] = _marked(row, mention)
            grades[item] = {entity: 1.0}
        for code, texts in sorted(queries.items()):
            of_language = {item: grades[item] for item in texts}
            yield JudgedSet(code, texts, pool, of_language).answered()


def mewsli(folder: Path) -> list[MewsliFiles] | None:
    """The files of Mewsli-X in a folder; None if it has no candidate set.

    Raises:
        DataError: the mentions are missing, or are those without texts.
    """
    entities = folder / _ENTITIES
    if not entities.is_file():
        return None
    for split in _SPLITS:
        mentions = folder / f"wikinews_mentions-{split}.jsonl"
        if mentions.is_file():
            return [MewsliFiles(mentions, entities)]
    raise DataError(
        f"{folder} has {_ENTITIES} and no wikinews_mentions-test.jsonl",
        _LAYOUT,
        "the release has the articles without their texts: its script get-mewsli-x.sh adds them",
    )


def _descriptions(path: Path, reader: Reader) -> dict[str, dict[str, str]]:
    """Language -> entity -> the sentences of its description."""
    by_language: dict[str, dict[str, str]] = {}
    seen: set[str] = set()
    empty = 0
    for row in json_lines(path):
        entity = _value(row.values, "entity_id", str, row)
        if entity in seen:
            raise DataError(f"{row.place}: entity_id {entity!r} twice", "each id once")
        seen.add(entity)
        text = _value(row.values, "description", str, row)
        spans = _spans(row.values, row)
        whole = _tidy(" ".join(text[start:end] for start, end in spans))
        if not whole:
            empty += 1
            continue
        name = _value(row.values, "description_language", str, row)
        code = language_code(name, f"{row.place}: field 'description_language'")
        by_language.setdefault(code, {})[entity] = whole
    if empty:
        reader.left_out[str(path)] = f"{plural(empty, 'description')} without a sentence"
    if not by_language:
        raise DataError(f"{path} has no descriptions", _LAYOUT)
    return dict(sorted(by_language.items()))


def _mentions(path: Path) -> Iterator[tuple[Row, str, Mapping[str, Any]]]:
    """The row, the language of the article, and each of its mentions."""
    for row in json_lines(path):
        context = _value(row.values, "context", dict, row)
        name = _value(context, "language", str, row)
        code = language_code(name, f"{row.place}: field 'language'")
        for mention in _value(row.values, "mentions", list, row):
            if not isinstance(mention, dict):
                raise DataError(f"{row.place}: mention {mention!r}", _LAYOUT)
            yield row, code, mention


def _marked(row: Row, mention: Mapping[str, Any]) -> str:
    """The mention, and its sentence with the mention in braces."""
    context = row.values["context"]
    text, span = _value(context, "text", str, row), _value(mention, "mention_span", dict, row)
    start, end = _ends(span, row)
    sentence = next(((a, b) for a, b in _spans(context, row) if a <= start and end <= b), None)
    surface = text[start:end]
    if sentence is None or surface != span.get("text"):
        raise DataError(
            f"{row.place}: the mention {span.get('text')!r} is not at {start} to {end} of one sentence",
            "places in `context.text`, inside one of `sentence_spans`",
            "take the files as get-mewsli-x.sh writes them",
        )
    left, right = (
        _BRACED.sub(r"(\1)", part) for part in (text[sentence[0] : start], text[end : sentence[1]])
    )
    return _tidy(f"{surface}: {left} {{ {surface} }} {right}")


def _tidy(text: str) -> str:
    """One line with single instead of double spaces, as in the baseline."""
    return " ".join(text.splitlines()).replace("  ", " ").strip()


def _spans(values: Mapping[str, Any], row: Row) -> list[tuple[int, int]]:
    return [_ends(span, row) for span in _value(values, "sentence_spans", list, row)]


def _ends(span: object, row: Row) -> tuple[int, int]:
    start, end = (span.get(n) for n in ("start", "end")) if isinstance(span, dict) else (None, None)
    if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end:
        raise DataError(f"{row.place}: span {span!r}", "a start and an end after it")
    return start, end


def _value(values: Mapping[str, Any], name: str, kind: type[Any], row: Row) -> Any:
    value = values.get(name)
    if not isinstance(value, kind):
        raise DataError(f"{row.place}: {name} {value!r}"[:200], f"{name} as in {_LAYOUT}")
    return value
