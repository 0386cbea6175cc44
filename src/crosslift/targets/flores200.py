"""FLORES-200 devtest: 1,012 sentences of Wikimedia articles, translated by people into 203 languages.

All files are line-aligned, so every language is measured on the same English sentences. Intervals of
all languages resample the same lines together.
"""

from __future__ import annotations

from crosslift.errors import DataError, UnknownNameError, first_few
from crosslift.sources.flores200_files import (
    FLORES_200,
    PUBLISHED_NAME,
    devtest_folder,
    path_of,
    read_devtest,
    unread_in,
)
from crosslift.targets.kinds.bitexts import BitextData, BitextTarget
from crosslift.targets.protocols import MTEB_RETRIEVAL, RETRIEVAL
from crosslift.targets.target_settings import BitextSettings

FLORES_LANGUAGES = tuple(sorted(code for code in PUBLISHED_NAME if code != "en"))
"""BCP-47 codes of the 203 languages besides English."""


def _load(settings: BitextSettings) -> BitextData:
    folder = devtest_folder(settings.needed_data("files such as devtest/deu_Latn.devtest"))
    requested = tuple(dict.fromkeys(map(_code, settings.languages or FLORES_LANGUAGES)))
    available = tuple(code for code in requested if path_of(folder, code).is_file())
    missing = [PUBLISHED_NAME[code] for code in requested if code not in available]
    if not available or (settings.languages and missing):
        raise DataError(
            f"{folder} has no file of {first_few(missing)}",
            f"files such as {missing[0]}.devtest",
            "leave `languages` out to measure those that have a file",
        )
    gaps = {FLORES_200[name]: f"no file in {folder.name}" for name in missing}
    bitexts = read_devtest(folder, available)
    return BitextData(bitexts, gaps=gaps, unread=unread_in(folder))


def _code(name: str) -> str:
    """The BCP-47 code of a language that is requested by its code or by its published name."""
    code = FLORES_200.get(name, name)
    if code not in FLORES_LANGUAGES:
        raise UnknownNameError(
            "language of flores200", name, FLORES_LANGUAGES, "crosslift targets flores200"
        )
    return code


FLORES200 = BitextTarget(
    name="flores200",
    title="FLORES-200 devtest sentences",
    description="FLORES-200 devtest, 203 languages and English, line by line (needs --data)",
    metric="top1_accuracy",
    protocols=RETRIEVAL,
    others=(MTEB_RETRIEVAL,),
    load=_load,
    languages=FLORES_LANGUAGES,
    needs_data=True,
    licence="CC BY-SA 4.0",
    citation="NLLB Team 2022, arXiv 2207.04672; files `deu_Latn.devtest` of flores200_dataset",
)
