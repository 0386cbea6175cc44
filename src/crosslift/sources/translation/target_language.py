"""How to set the languages of a translation model: by a prefix of the text, or by tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosslift.errors import DataError, nearest
from crosslift.languages import FAMILIES
from crosslift.sources.translation.codes import engine_code, stems

_TOKEN = re.compile(r"[a-z]{2,3}_[A-Z][A-Za-z]{1,3}")
_ANOTHER_MODEL = "use a model that does, or name the model's code in `codes`"


@dataclass(frozen=True, slots=True)
class TargetLanguage:
    """How a model is set to one target language.

    Args:
        code: the model's code for it; empty: it knows only one language.
        prefix: prefix of every English sentence.
        first_token: id of the forced first token of a translation; None: none.
    """

    code: str
    prefix: str = ""
    first_token: int | None = None


def target_language(
    tokenizer: Any, language: str, codes: Mapping[str, str], model: str
) -> TargetLanguage:
    """How to set a model to a language; also sets its tokenizer's source language to English.

    Args:
        tokenizer: tokenizer of the model.
        language: BCP-47 code.
        codes: BCP-47 code -> the model's code.
        model: its name, for errors.

    Raises:
        DataError: the model does not translate from English into the language.
    """
    if hasattr(tokenizer, "supported_language_codes"):
        return _marian(tokenizer, language, codes, model)
    known = token_codes(tokenizer)
    if not known:
        raise DataError(
            f"the tokenizer of {model} has no language tokens",
            "a model of the kinds Marian, M2M100, NLLB or mBART-50",
        )
    tokenizer.src_lang = engine_code("en", known, {}, model, _ANOTHER_MODEL)
    code = engine_code(language, known, codes, model, _ANOTHER_MODEL)
    return TargetLanguage(code, first_token=known[code])


def token_codes(tokenizer: Any) -> dict[str, int]:
    """The model's own language codes and the ids of their tokens (M2M100, NLLB, mBART-50)."""
    listed = getattr(tokenizer, "lang_code_to_id", None)
    if listed:
        return {str(code): int(number) for code, number in listed.items()}
    added = tokenizer.get_added_vocab()
    return {name: number for name, number in added.items() if _TOKEN.fullmatch(name)}


def _marian(tokenizer: Any, language: str, codes: Mapping[str, str], model: str) -> TargetLanguage:
    _check_source(tokenizer, model)
    prefixes = {code.strip("><"): code for code in tokenizer.supported_language_codes}
    if prefixes:
        code = engine_code(language, prefixes, codes, model, _ANOTHER_MODEL)
        return TargetLanguage(code, prefix=f"{prefixes[code]} ")
    target = str(tokenizer.target_lang or "")
    if target and language not in codes and target.partition("_")[0] not in stems(language):
        near = " and ".join(nearest(language, [target])) or target
        raise DataError(
            f"{model} does not translate from English into {language!r}, but only into {near!r}",
            f"a model into {language!r}",
            f"if {target!r} is that language, say so: `codes: {{{language}: {target}}}`",
        )
    return TargetLanguage(target)


def _check_source(tokenizer: Any, model: str) -> None:
    source = str(tokenizer.source_lang or "")
    if source in FAMILIES and source not in stems("en"):
        raise DataError(f"{model} translates from {source!r}", "a model that translates from 'en'")
