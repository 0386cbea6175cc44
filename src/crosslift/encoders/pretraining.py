"""The languages, and their scripts, in the pretraining of an encoder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crosslift.errors import UnknownNameError
from crosslift.languages import language, language_pair

IN = "In the pretraining"
IN_OTHER_SCRIPT = "In the pretraining, in another script"
NOT_IN = "Not in the pretraining"
_BEST_FIRST = (IN, IN_OTHER_SCRIPT, NOT_IN)


@dataclass(frozen=True, slots=True)
class Pretraining:
    """The text of a pretraining.

    Args:
        corpus: name of the corpus.
        languages: BCP-47 base codes, each in its likely script by CLDR.
        more_scripts: base code -> ISO 15924 codes of other scripts of that language.
        source: publication that lists these.
    """

    corpus: str
    languages: frozenset[str]
    source: str
    more_scripts: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def group_of(self, code: str) -> str:
        """Whether a language was in the pretraining; for a pair, the worse of its two languages.

        Args:
            code: BCP-47 code, or a pair such as ``de-zh``. A region does not count: ``pt-PT`` is
                Portuguese.

        Returns:
            `IN`; `IN_OTHER_SCRIPT` where all text of the language was in other scripts (``sr-Latn``
            where Serbian was in Cyrillic); or `NOT_IN`.
        """
        groups = [self._group_of(each) for each in language_pair(code) or (code,)]
        return max(groups, key=_BEST_FIRST.index)

    def _group_of(self, code: str) -> str:
        base = code.partition("-")[0]
        base = _PART_OF.get(base, base)
        if base not in self.languages:
            return NOT_IN
        scripts = {_script(base), *self.more_scripts.get(base, ())}
        return IN if _script(code) in scripts else IN_OTHER_SCRIPT


def pretraining_of(encoder: str) -> Pretraining | None:
    """The pretraining of a published encoder, or of the model that it comes from.

    Args:
        encoder: its name in a study (``embedded``, ``xlm-roberta-base``).

    Returns:
        None if it is unknown, as for every folder, which may hold any weights.
    """
    return next((texts for names, texts in _ENCODERS if names.fullmatch(encoder)), None)


def _script(code: str) -> str:
    """The script of a language; empty if the table of languages does not have it."""
    try:
        return language(code).script
    except UnknownNameError:
        return ""


_PART_OF = {"fil": "tl", "nb": "no", "pbt": "ps", "prs": "fa"}
"""Code -> code of the language that a corpus counts its text under."""

_CC_100_CODES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi "
    "hr hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa "
    "pl ps pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
_WIKIPEDIA_CODES = (
    "af an ar ast az azb ba bar be bg bn bpy br bs ca ce ceb cs cv cy da de el en es et eu fa fi fr "
    "fy ga gl gu he hi hr ht hu hy id io is it ja jv ka kk kn ko ky la lb lmo lt lv mg min mk ml mn mr "
    "ms my nds ne new nl nn no oc pa pl pms pnb pt ro ru scn sco sh sk sl sq sr su sv sw ta te tg th "
    "tl tr tt uk ur uz vi vo war yo zh"
)
_BOTH_CHINESE = frozenset({"Hans", "Hant"})

CC_100 = Pretraining(
    corpus="CC-100",
    languages=frozenset(_CC_100_CODES.split()),
    more_scripts={
        "zh": _BOTH_CHINESE,
        **dict.fromkeys(("bn", "hi", "ta", "te", "ur"), frozenset({"Latn"})),
    },
    source="Conneau et al. 2020, arXiv 1911.02116, table 6",
)
"""93 languages. The paper counts 100: Chinese in two scripts, Burmese in two encodings, and Bengali,
Hindi, Tamil, Telugu and Urdu in Latin letters, too."""

WIKIPEDIA_104 = Pretraining(
    corpus="104 Wikipedias",
    languages=frozenset(_WIKIPEDIA_CODES.split()),
    more_scripts={"zh": _BOTH_CHINESE, "pa": frozenset({"Arab"})},
    source="google-research/bert: multilingual.md, list of languages",
)
"""103 languages. The list counts Chinese twice; Western Punjabi (pnb) is Punjabi in Arabic letters."""

_ENCODERS = (
    (
        re.compile(
            r"embedded|(FacebookAI/)?xlm-roberta-(base|large)|facebook/xlm-roberta-xx?l"
            r"|intfloat/multilingual-e5-(small|base|large)(-instruct)?"
            r"|microsoft/Multilingual-MiniLM-L12-H384"
        ),
        CC_100,
    ),
    (re.compile(r"(google-bert/)?bert-base-multilingual-cased"), WIKIPEDIA_104),
)
"""Names -> text. `embedded` is multilingual-e5-small, which comes from multilingual MiniLM (arXiv
2402.05672), a student of XLM-R (arXiv 2002.10957)."""
