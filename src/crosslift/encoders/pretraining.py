"""Which languages the pretraining of an encoder had."""

from __future__ import annotations

import re

from crosslift.languages import language_pair

_CODES = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi "
    "hr hu hy id is it ja jv ka kk km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa "
    "pl ps pt ro ru sa sd si sk sl so sq sr su sv sw ta te th tl tr ug uk ur uz vi xh yi zh"
)
_CC100 = frozenset(_CODES.split())
"""CC-100, the pretraining data of XLM-R (Conneau et al. 2020, arXiv 1911.02116, table 6). The paper's
100 are these 93, with Chinese in two scripts, Burmese in two encodings, and Bengali, Hindi, Tamil,
Telugu and Urdu in Latin letters, too."""

_SAME_LANGUAGE = {"fil": "tl", "nb": "no"}
_ON_CC100 = re.compile(
    r"embedded|(?:FacebookAI/|facebook/)?xlm-roberta-[\w-]+|intfloat/multilingual-e5-[\w-]+"
)


def pretraining_languages(encoder: str) -> frozenset[str] | None:
    """Base language codes of the text that an encoder, or the model it comes from, was pretrained on.

    Args:
        encoder: its name in a study (``embedded``, ``xlm-roberta-base``).

    Returns:
        BCP-47 base codes; None if they are not known.
    """
    return _CC100 if _ON_CC100.fullmatch(encoder) else None


def was_pretrained_on(languages: frozenset[str], code: str) -> bool:
    """Whether the base language of a BCP-47 code is among those of the pretraining, in any script; of a
    pair such as ``de-zh``, whether both languages are."""
    bases = language_pair(code) or (code.partition("-")[0],)
    return all(_SAME_LANGUAGE.get(base, base) in languages for base in bases)
