"""Sentences of gettext catalogs: the embedded ones, or those of any project."""

from __future__ import annotations

from crosslift.errors import DataError
from crosslift.sources.gettext_catalogs import CATALOGS_ORIGIN, Catalogs, Half, load_catalogs
from crosslift.sources.record import Bitext
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.names import requested_languages
from crosslift.targets.protocols import OTHER_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings

FEWEST_WORDS = 3
"""Fewest words of the English side; shorter messages are labels, not sentences."""
FEWEST_PAIRS = 50
"""Fewest pairs of a language. A language with fewer is reported as a gap, and no mean includes it."""

LANGUAGES = (
    *("af", "ar", "az", "bg", "ca", "cy", "de", "el", "es", "et", "eu", "fa", "fi"),
    *("he", "hi", "hu", "id", "ja", "ka", "ko", "pl", "ta", "tr", "zh-Hans"),
)


def _load(settings: BitextSettings) -> BitextData:
    catalogs = load_catalogs(settings.catalogs)
    is_project = settings.catalogs is not None
    requested = settings.languages or (catalogs.languages if is_project else LANGUAGES)
    lenient = is_project and settings.languages is None
    bitexts, gaps = _read(catalogs, settings.model_copy(update={"languages": requested}), lenient)
    gaps |= {code: _too_few(b) for code, b in bitexts.items() if len(b.src) < FEWEST_PAIRS}
    large_enough = {code: bitext for code, bitext in bitexts.items() if code not in gaps}
    if not large_enough:
        raise DataError(
            f"no language of the catalogs has {FEWEST_PAIRS} sentences: {_counts(catalogs, bitexts)}",
            f"messages of {FEWEST_WORDS} words and more with translations",
        )
    if not is_project:
        return BitextData(large_enough, gaps=gaps)
    counts = {code: _left_out(catalogs, code, bitext) for code, bitext in large_enough.items()}
    left_out = {code: reasons for code, reasons in counts.items() if reasons}
    notes = {code: note for code, note in catalogs.notes.items() if code in large_enough}
    return BitextData(
        large_enough, gaps=gaps, notes=notes, left_out=left_out, unread=dict(catalogs.unread)
    )


def _read(
    catalogs: Catalogs, settings: BitextSettings, lenient: bool
) -> tuple[dict[str, Bitext], dict[str, str]]:
    """The bitexts of the requested languages, and why others cannot be read.

    Args:
        catalogs: to read.
        settings: with the requested languages.
        lenient: whether a language that cannot be read is a gap, unless no language can be read.

    Raises:
        DataError: a language cannot be read.
    """
    bitexts: dict[str, Bitext] = {}
    faults: dict[str, DataError] = {}
    half: Half | None = None if settings.catalogs is not None else "test"
    for language in requested_languages(settings, catalogs.languages):
        try:
            bitexts[language] = catalogs.bitext(language, half=half, min_words=FEWEST_WORDS)
        except DataError as fault:
            if not lenient:
                raise
            faults[language] = fault
    if faults and not bitexts:
        raise next(iter(faults.values()))
    return bitexts, {language: fault.what for language, fault in faults.items()}


def _left_out(catalogs: Catalogs, language: str, bitext: Bitext) -> dict[str, int]:
    """Reason -> number of entries of a language that are not measured."""
    n_short = len(catalogs.bitext(language).src) - len(bitext.src)
    reasons = {**catalogs.skipped_of(language), f"of fewer than {FEWEST_WORDS} words": n_short}
    return {reason: count for reason, count in reasons.items() if count}


def _too_few(bitext: Bitext) -> str:
    return (
        f"only {len(bitext.src)} sentences of {FEWEST_WORDS} words and more ({FEWEST_PAIRS} needed)"
    )


def _counts(catalogs: Catalogs, bitexts: dict[str, Bitext]) -> str:
    counts = ", ".join(f"{language} {len(bitext.src)}" for language, bitext in bitexts.items())
    skipped = ", ".join(f"{count} {reason}" for reason, count in catalogs.skipped.items())
    return f"{counts} (left out: {skipped or 'none'})"


GETTEXT = BitextTarget(
    name="gettext",
    title="gettext sentences",
    description="sentences of gettext catalogs: a held-out half of the embedded, or your project's",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=OTHER_RETRIEVAL,
    load=_load,
    languages=LANGUAGES,
    licence=f"{CATALOGS_ORIGIN.licence}; of your catalogs",
    citation=CATALOGS_ORIGIN.citation,
)
