"""Masked LM on one half of the embedded gettext catalogs, in many languages."""

from functools import cache

from crosslift.artifacts.read_once import read_once
from crosslift.sources.gettext_catalogs import CATALOGS_ORIGIN, load_catalogs
from crosslift.sources.record import Record
from crosslift.tasks.task import FormSpec, IntermediateTask

LANGUAGES = (
    *("af", "ar", "az", "be", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "es", "et", "eu"),
    *("fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ka", "kk", "ko", "lt", "mn", "nl"),
    *("pl", "pt", "ro", "ru", "sw", "ta", "te", "th", "tr", "uk", "ur", "vi", "zh-Hans"),
)


class CatalogStrings:
    """The translations of the half of the messages that no target uses.

    English texts are not included: a model that sees both sides sees a bitext.
    """

    def check(self) -> None:
        """Raises if no catalogs are installed."""
        self.checksum()

    def train(self) -> list[Record]:
        """One record per string and language."""
        return list(_records())

    def dev(self) -> list[Record]:
        """Empty: the stage has a fixed budget."""
        return []

    def checksum(self) -> str:
        """A checksum of the catalogs of these languages."""
        return _checksum()


@read_once()
def _records() -> tuple[Record, ...]:
    catalogs = load_catalogs()
    return tuple(
        Record(f"{language}:{number}", {"text": text}, language=language)
        for language in LANGUAGES
        for number, text in enumerate(catalogs.strings(language, half="train"))
    )


@cache
def _checksum() -> str:
    return load_catalogs().checksum(LANGUAGES)


GETTEXT_MLM = IntermediateTask(
    name="gettext-mlm",
    title=f"masked LM on gettext strings in {len(LANGUAGES)} languages (one half of the messages)",
    form=FormSpec("masked-lm", {"text": "text"}),
    source=CatalogStrings(),
    languages=LANGUAGES,
    licence=CATALOGS_ORIGIN.licence,
    citation=CATALOGS_ORIGIN.citation,
)
