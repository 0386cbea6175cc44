"""Which files of a folder are bitexts with English, by names as in LASER, OPUS and NTREX."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from babel.core import get_global

from crosslift.errors import CrossLiftError, DataError, encodable
from crosslift.languages import FAMILIES, from_iso3, from_locale, is_known, language
from crosslift.sources.flores200_files import FLORES_200
from crosslift.sources.folder_entries import entries_of

LAYOUTS = (
    "files such as tatoeba.deu-eng.deu and .eng, NAME.de-en.de and .en, NAME.de-en.tsv, or "
    "NAME-ref.deu.txt and NAME-src.eng.txt"
)

_NTREX = re.compile(
    r"(?P<name>.+)-(?P<kind>src|ref)(?P<number>-[0-9]+)?\.(?P<code>[A-Za-z-]+)\.txt", re.DOTALL
)
_NAME = re.compile(r"(?:.+\.)?(?P<pair>[A-Za-z0-9_-]+)\.(?P<side>[A-Za-z0-9_-]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BitextFiles:
    """Where the bitext of one language and English lies.

    Args:
        src: file of the language, or the TSV that holds both sides.
        tgt: file of English; None if ``src`` is a TSV.
        src_column: which column of the TSV is the language, 0 or 1; the other is English.
    """

    src: Path
    tgt: Path | None = None
    src_column: int = 0


@dataclass(frozen=True, slots=True)
class BitextFolder:
    """The bitexts of a folder.

    Args:
        files: BCP-47 code -> files, in the order of the codes.
        unread: name of every other file and folder in it -> why it is not a bitext; hidden ones, whose
            names begin with a dot, are left out.
    """

    files: Mapping[str, BitextFiles]
    unread: Mapping[str, str]


def find_bitexts(folder: Path) -> BitextFolder:
    """The bitexts with English of one folder.

    Known layouts, each also with the ending ``.gz``: LASER's Tatoeba (``tatoeba.deu-eng.deu`` and
    ``.eng``), OPUS in Moses form (``NAME.de-en.de`` and ``.en``, codes in either order),
    ``NAME.de-en.tsv``, whose columns follow the order of its name, and NTREX-128
    (``newstest2019-ref.deu.txt`` and ``newstest2019-src.eng.txt``). A code is one of BCP-47, of ISO
    639-3, of FLORES-200 (``deu_Latn``) or of NTREX (``srp-Latn``); any variant of English is English.

    Raises:
        DataError: no such folder, or two bitexts of one language.
    """
    files: dict[str, BitextFiles] = {}
    unread: dict[str, str] = {}
    for path in entries_of(folder, "a folder of bitexts"):
        candidate = _candidate(path)
        if candidate is None:
            continue
        if isinstance(candidate, str):
            if not path.name.startswith("."):
                unread[encodable(path.name)] = candidate
            continue
        code, candidate_files = candidate
        if files.setdefault(code, candidate_files) != candidate_files:
            raise DataError(
                f"two bitexts of {code!r}: {files[code].src.name} and {candidate_files.src.name}",
                "one bitext for each language",
                "put them into separate folders",
            )
    return BitextFolder(dict(sorted(files.items())), unread)


def _candidate(path: Path) -> tuple[str, BitextFiles] | str | None:
    """Returns language and files of the bitext that a file belongs to, or why it belongs to none; None
    for the English side of several."""
    if not path.is_file():
        return "no file"
    ending = ".gz" if path.suffix == ".gz" else ""
    name = path.name.removesuffix(ending)
    if published := _NTREX.fullmatch(name):
        return _ntrex_candidate(path, published, ending)
    match = _NAME.fullmatch(name)
    if match is None or "-" not in match["pair"]:
        return f"not named as a bitext ({LAYOUTS})"
    pair = _pair(match["pair"])
    if isinstance(pair, str):
        return pair
    code, src_column, raw = pair
    if match["side"] == "tsv":
        return code, BitextFiles(path, None, src_column)
    if match["side"] not in raw:
        return f"{match['side']!r} is neither side of {match['pair']!r}"
    stem = name.removesuffix(match["side"])
    sides = [path.with_name(f"{stem}{side}{ending}") for side in raw]
    for side in sides:
        if not side.is_file():
            return f"no {side.name} beside it"
    return code, BitextFiles(sides[src_column], sides[1 - src_column])


def _ntrex_candidate(
    path: Path, match: re.Match[str], ending: str
) -> tuple[str, BitextFiles] | str | None:
    """As `_candidate`, for a file of NTREX-128 (Federmann et al. 2022,
    https://github.com/MicrosoftTranslator/NTREX): one English side, a reference in each language."""
    english = path.with_name(f"{match['name']}-src.eng.txt{ending}")
    if path == english:
        others = path.parent.glob(f"{escape(match['name'])}-ref.*.txt{ending}")
        return None if any(others) else f"no {match['name']}-ref.CODE.txt{ending} beside it"
    code = code_in_name(match["code"])
    if match["kind"] == "src" or code is None:
        return f"{match['code']!r} is no known language" if code is None else "no English source"
    if match["number"]:
        return "another reference of a language"
    if code.partition("-")[0] == "en":
        return "English beside English"
    if not english.is_file():
        return f"no {english.name} beside it"
    return code, BitextFiles(path, english)


def _pair(name: str) -> tuple[str, int, tuple[str, str]] | str:
    """Parses a name such as ``de-en``: code, index of the language, both written codes; or why not."""
    reason = f"{name!r} names no two known languages"
    for raw in _splits(name):
        codes = [code_in_name(side) for side in raw]
        if None in codes:
            continue
        english = [str(code).partition("-")[0] == "en" for code in codes]
        if english.count(True) == 1:
            place = english.index(False)
            return str(codes[place]), place, raw
        reason = f"{name!r} is no pair of a language and English"
    return reason


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """Every way to split a name at a hyphen: ``en-de-AT`` is ``en`` and ``de-AT``."""
    for match in re.finditer("-", name):
        yield name[: match.start()], name[match.end() :]


def code_in_name(name: str) -> str | None:
    """The BCP-47 code that a file name means by ``deu``, ``deu_Latn``, ``srp-Latn`` or ``de``.

    A script after a three-letter code is dropped if the language is commonly written in it.

    Returns:
        The code; None if no language has it.
    """
    published = FLORES_200.get(name.replace("-", "_"))
    if published:
        return published
    base, _, rest = name.replace("_", "-").partition("-")
    try:
        code = from_locale("-".join(filter(None, [_two_letters(base), rest])))
    except CrossLiftError:
        return None
    if not is_known(code):
        return None
    return _without_common_script(code) if len(base) == 3 else code


def _two_letters(base: str) -> str:
    """The two-letter code for a three-letter code, if the language has one; else the same code."""
    if len(base) != 3:
        return base
    base = base.lower()
    try:
        return from_iso3(base)
    except CrossLiftError:
        return str(get_global("language_aliases").get(base, base)).replace("_", "-")


def _without_common_script(code: str) -> str:
    base, _, rest = code.partition("-")
    script, _, region = rest.partition("-")
    if base not in FAMILIES or script != language(base).script:
        return code
    return "-".join(filter(None, [base, region]))
