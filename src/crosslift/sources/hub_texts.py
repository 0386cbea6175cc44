"""Texts of the hub in many languages, with a config for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from crosslift.errors import DataError
from crosslift.sources.catalog_texts import count_letters
from crosslift.sources.fields import EMPTY, Fields
from crosslift.sources.formats.rows import Row
from crosslift.sources.hub import HubDataset
from crosslift.sources.published import collect
from crosslift.sources.record import Record

_BLANK_LINE = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class ArticleFields(Fields):
    """A whole article in the column ``text``, with an ``id``.

    Args:
        language: BCP-47 code of the articles.
    """

    language: str

    def key(self, row: Row) -> str:
        """The published id, prefixed with the language."""
        return f"{self.language}:{row.key(('id',))}"

    def record(
        self, row: Row, key: str, language: str = "en", labelled: bool = True
    ) -> Record | str:
        """The record, in the language of the articles; articles without text are left out."""
        del language, labelled
        text = row.value("text")
        if not isinstance(text, str):
            raise row.fault(f"'text' holds {text!r}", "a text")
        if not text.strip():
            return EMPTY
        return Record(key, {"text": text}, language=self.language)


def paragraphs_of(articles: Iterable[Record], fewest_letters: int) -> Iterator[Record]:
    """Each paragraph of some articles as a text, on one line.

    Args:
        articles: records with the text ``text``, whose paragraphs are separated by blank lines.
        fewest_letters: paragraphs with fewer letters are skipped: headings, and the remains of
            tables and lists.

    Returns:
        Records whose ids are those of the articles and the paragraph's number, from 1.
    """
    for article in articles:
        for number, block in enumerate(_BLANK_LINE.split(article.texts["text"]), start=1):
            if count_letters(block) >= fewest_letters:
                text = " ".join(block.split())
                yield replace(article, id=f"{article.id}:{number}", texts={"text": text})


@dataclass(frozen=True, slots=True)
class HubTexts:
    """Paragraphs of the articles of a dataset of the hub; it has no dev records.

    Args:
        parts: BCP-47 code -> the dataset's config of that language, whose fields give articles.
        fewest_letters: as in `paragraphs_of`.
        remedy: what the error message suggests if the hub cannot be reached.
    """

    parts: Mapping[str, HubDataset]
    fewest_letters: int
    remedy: str

    def check(self) -> None:
        """As `HubDataset.check`, of every language."""
        for hub in self.parts.values():
            hub.check(self.remedy)

    def train(self) -> list[Record]:
        """The paragraphs, language by language.

        Raises:
            DataError: as `HubDataset.rows`; a language has no paragraph.
        """
        records: list[Record] = []
        for language, hub in self.parts.items():
            articles = collect(hub.rows("train", self.remedy), hub.fields, "").records
            texts = list(paragraphs_of(articles, self.fewest_letters))
            if not texts:
                raise DataError(f"no paragraph of {hub.id}, {hub.config} ({language})")
            records += texts
        return records

    def dev(self) -> list[Record]:
        """Returns no records."""
        return []

    def checksum(self) -> str:
        """SHA-256 of the commit, the configs, and the number of articles to read."""
        sums = [f"{code}:{hub.checksum(self.remedy)}" for code, hub in self.parts.items()]
        return sha256("\n".join([*sums, str(self.fewest_letters)]).encode()).hexdigest()
