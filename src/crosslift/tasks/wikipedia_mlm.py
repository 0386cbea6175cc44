"""Masked LM on Wikipedia in the 40 languages of XTREME (Hu et al. 2020, arXiv 2003.11080, section 3).

Trained together with an English task, it lets the encoder keep its other languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crosslift.errors import DataError
from crosslift.sources.file_records import records_of_files
from crosslift.sources.hub import HubDataset
from crosslift.sources.hub_texts import ArticleFields, HubTexts, paragraphs_of
from crosslift.sources.language_files import (
    checksum_of_languages,
    find_language_files,
    language_records_in,
    meanings_of,
)
from crosslift.sources.record import Record
from crosslift.tasks.task import FormSpec, IntermediateTask

LANGUAGES = (
    *("af", "ar", "bg", "bn", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he"),
    *("hi", "hu", "id", "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl"),
    *("pt", "ru", "sw", "ta", "te", "th", "tl", "tr", "ur", "vi", "yo", "zh"),
)
ARTICLES = 500
"""Number of articles of each language, the first in the order of the dump: the oldest, not a random
sample. They are few enough to fetch the texts of all languages in minutes and to keep them in
memory."""

FEWEST_LETTERS = 30
"""Fewest letters of a paragraph; shorter ones are mostly headings."""

_DUMP = "20231101"
_COLUMNS = {"text": "text"}


@dataclass(frozen=True, slots=True)
class LocalWikipedia:
    """Paragraphs of texts in a folder; it has no dev records.

    Args:
        folder: with a file for each language, for `find_language_files`. A row or line is an article or
            a paragraph.
    """

    folder: Path

    def check(self) -> None:
        """Raises if the texts cannot be read, or there are none."""
        self.train()

    def train(self) -> Sequence[Record]:
        """The paragraphs, language by language.

        Raises:
            DataError: as in `language_records_in`, or there is no paragraph.
        """
        records = records_of_files(meanings_of(self.folder), self._read, ())
        if not records:
            raise DataError(
                f"{self.folder} holds no paragraph of {FEWEST_LETTERS} letters or more",
                "articles or paragraphs",
                "for shorter texts use the task masked-lm",
            )
        return records

    def _read(self) -> Iterator[Record]:
        return paragraphs_of(language_records_in(self.folder, _COLUMNS), FEWEST_LETTERS)

    def dev(self) -> list[Record]:
        """Empty."""
        return []

    def checksum(self) -> str:
        """A checksum of all files."""
        return checksum_of_languages(self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class WikipediaTask(IntermediateTask):
    """A task on Wikipedia: from the hub, or from the texts in a folder."""

    def with_data(self, data: Path) -> IntermediateTask:
        """The task on the files of a folder, one per language.

        Raises:
            DataError: as in `find_language_files`.
        """
        languages = tuple(find_language_files(data))
        return replace(self, source=LocalWikipedia(data), languages=languages)


WIKIPEDIA_MLM = WikipediaTask(
    name="wikipedia-mlm",
    title=f"masked LM on Wikipedia in {len(LANGUAGES)} languages ({ARTICLES} articles of each)",
    form=FormSpec("masked-lm", _COLUMNS),
    source=HubTexts(
        {
            code: HubDataset(
                "wikimedia/wikipedia",
                revision="b04c8d1ceb2f5cd4588862100d08de323dccfbaa",
                fields=ArticleFields(code),
                dev=(),
                config=f"{_DUMP}.{code}",
                first=ARTICLES,
            )
            for code in LANGUAGES
        },
        fewest_letters=FEWEST_LETTERS,
        remedy="give `data:` with a folder of texts, a file for each language, such as de.txt",
    ),
    languages=LANGUAGES,
    licence="CC BY-SA 3.0 and GFDL (the authors of Wikipedia)",
    citation="Wikimedia Foundation, Wikipedia as of 1 November 2023 (hub: wikimedia/wikipedia)",
)
