"""The files of FLORES-200 devtest: one file per language, whose lines translate those of all others.

As ``flores200_dataset.tar.gz`` holds them: ``flores200_dataset/devtest/deu_Latn.devtest``. A name is an
ISO 639-3 code and a script; `FLORES_200` maps each to a BCP-47 code. FLORES-101 (101 languages) and
FLORES+ (more languages, corrected sentences) are other data under other names.

Source: NLLB Team 2022, arXiv 2207.04672.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from babel.core import get_global

from crosslift.errors import DataError, encodable
from crosslift.sources.folder_entries import entries_of
from crosslift.sources.record import Bitext
from crosslift.sources.sorted_sides import sorted_apart
from crosslift.sources.text_files import read_lines

_BY_SCRIPT = {
    "Arab": "ace acm acq aeb ajp apc arb ars ary arz azb bjn ckb kas knc min pbt pes prs snd uig urd",
    "Armn": "hye",
    "Beng": "asm ben mni",
    "Cyrl": "bak bel bul kaz khk kir mkd rus srp tat tgk ukr",
    "Deva": "awa bho hin hne kas mag mai mar npi san",
    "Ethi": "amh tir",
    "Geor": "kat",
    "Grek": "ell",
    "Gujr": "guj",
    "Guru": "pan",
    "Hang": "kor",
    "Hans": "zho",
    "Hant": "yue zho",
    "Hebr": "heb ydd",
    "Jpan": "jpn",
    "Khmr": "khm",
    "Knda": "kan",
    "Laoo": "lao",
    "Latn": (
        "ace afr aka als arb ast ayr azj bam ban bem bjn bos bug cat ceb ces cjk crh cym dan deu dik "
        "dyu eng epo est eus ewe fao fij fin fon fra fur fuv gaz gla gle glg grn hat hau hrv hun ibo "
        "ilo ind isl ita jav kab kac kam kbp kea kik kin kmb kmr knc kon lij lim lin lit lmo ltg ltz "
        "lua lug luo lus lvs min mlt mos mri nld nno nob nso nus nya oci pag pap plt pol por quy ron "
        "run sag scn slk slv smo sna som sot spa srd ssw sun swe swh szl taq tgl tpi tsn tso tuk tum "
        "tur twi umb uzn vec vie war wol xho yor zsm zul"
    ),
    "Mlym": "mal",
    "Mymr": "mya shn",
    "Olck": "sat",
    "Orya": "ory",
    "Sinh": "sin",
    "Taml": "tam",
    "Telu": "tel",
    "Tfng": "taq tzm",
    "Thai": "tha",
    "Tibt": "bod dzo",
}
_CODES_UNLIKE_CLDR = {"tgl": "tl", "twi": "tw"}
"""CLDR maps Tagalog to Filipino, and Twi to Akan."""

_OTHER_SCRIPT_LIKELY = {"crh", "tzm"}
"""Codes that include their script, because CLDR considers another one likely."""

_ENGLISH = "eng_Latn"
_PLACES = ("devtest", "flores200_dataset/devtest", "")


def _code(iso3: str) -> str:
    """The two-letter code if there is one, as in other targets; else ISO 639-3."""
    alias = _CODES_UNLIKE_CLDR.get(iso3) or str(get_global("language_aliases").get(iso3, ""))
    return alias if len(alias) == 2 else iso3


def _codes() -> dict[str, str]:
    """Published name -> BCP-47 code, by name; with a script where the language alone is ambiguous."""
    names = sorted(f"{iso3}_{s}" for s, codes in _BY_SCRIPT.items() for iso3 in codes.split())
    bases = Counter(_code(name[:3]) for name in names)
    with_script = {base for base, count in bases.items() if count > 1} | _OTHER_SCRIPT_LIKELY
    return {
        name: f"{base}-{name[4:]}" if (base := _code(name[:3])) in with_script else base
        for name in names
    }


FLORES_200 = _codes()
"""Published name -> BCP-47 code of all 204 languages: ``deu_Latn`` -> ``de``, ``zho_Hans`` ->
``zh-Hans``, ``ace_Arab`` -> ``ace-Arab``, ``acm_Arab`` -> ``acm``."""

PUBLISHED_NAME = {code: name for name, code in FLORES_200.items()}
"""BCP-47 code -> published name."""


def devtest_folder(folder: Path) -> Path:
    """The folder of the files ``*.devtest``: that of the data, or one inside it.

    Raises:
        DataError: no such file.
    """
    entries_of(folder, "the folder of FLORES-200")
    for place in _PLACES:
        if any((folder / place).glob("*_*.devtest")):
            return folder / place
    raise DataError(
        f"{folder} has no file of FLORES-200 devtest",
        f"files such as devtest/{_ENGLISH}.devtest, as flores200_dataset.tar.gz holds them",
    )


def unread_in(folder: Path) -> dict[str, str]:
    """Names of devtest files of no language of FLORES-200 -> why they are not read.

    Args:
        folder: folder of the files, see `devtest_folder`.
    """
    names = sorted(path.name for path in folder.glob("*.devtest"))
    return {
        encodable(name): "its name is of no language of FLORES-200 (FLORES+ is other data)"
        for name in names
        if name.removesuffix(".devtest") not in FLORES_200
    }


def path_of(folder: Path, code: str) -> Path:
    """The path of the devtest file of a language, whether it exists or not.

    Args:
        folder: folder of the files, see `devtest_folder`.
        code: BCP-47 code of `FLORES_200`.
    """
    return folder / f"{PUBLISHED_NAME[code]}.devtest"


def read_devtest(folder: Path, codes: tuple[str, ...]) -> dict[str, Bitext]:
    """The sentences of some languages, paired with the English ones.

    Args:
        folder: folder of the files, see `devtest_folder`.
        codes: BCP-47 codes of `FLORES_200`, whose files exist; not English.

    Returns:
        Code -> bitext. Items are ``devtest:LINE``: a line means the same in all languages.

    Raises:
        DataError: no file of English, an empty file or line, files of different lengths or sorted
            apart.
    """
    english_path = path_of(folder, "en")
    if not english_path.is_file():
        raise DataError(
            f"{folder} has no {english_path.name}",
            "the English sentences, of which all are translations",
        )
    english = _sentences(english_path)
    items = tuple(f"devtest:{line}" for line in range(1, len(english) + 1))
    bitexts: dict[str, Bitext] = {}
    for code in codes:
        path = path_of(folder, code)
        sentences = _sentences(path)
        if len(sentences) != len(english):
            raise DataError(
                f"{path} has {len(sentences):,} lines and {english_path.name} has {len(english):,}",
                "the same number of lines in every file: line N translates line N",
                "unpack the file again",
            )
        if sorted_apart(sentences, english):
            raise DataError(
                f"{path} and {english_path.name} were sorted apart: their lines do not go together",
                "files whose line N translates line N",
                "unpack the files again",
            )
        bitexts[code] = Bitext(code, sentences, english, items)
    return bitexts


def _sentences(path: Path) -> tuple[str, ...]:
    sentences = tuple(line.strip() for line in read_lines(path))
    if not sentences:
        raise DataError(f"{path} is empty", "one sentence a line")
    if "" in sentences:
        line = sentences.index("") + 1
        raise DataError(f"{path}, line {line}: no sentence", "a sentence on every line")
    return sentences
