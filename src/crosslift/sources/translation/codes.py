"""An engine's code for a language: `spa`, `spa_Latn`, `es_XX`, `es`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from babel.core import get_global

from crosslift.errors import DataError, nearest
from crosslift.languages import FAMILIES, language

_OTHER_STEMS: Mapping[str, tuple[str, ...]] = {  # in addition to CLDR's aliases
    "fil": ("tl",),
    "nb": ("no", "nor"),
    "no": ("nb", "nob"),
    "ps": ("pbt",),
    "qu": ("quy",),
    "tl": ("tgl", "fil"),
}
_MOST_NAMES = 40


@cache
def stems(code: str) -> tuple[str, ...]:
    """The names of a BCP-47 code's base language, its own first: ``es``, ``spa``.

    Every ISO 639-3 code that CLDR maps to it is one (``zh``, ``cmn``, ``zho``, ``chi``).
    """
    base = code.partition("-")[0].lower()
    aliases = get_global("language_aliases")
    longer = [name for name, alias in aliases.items() if alias == base and len(name) == 3]
    return tuple(dict.fromkeys([base, *longer, *_OTHER_STEMS.get(base, ())]))


def engine_code(
    code: str, legal: Collection[str], overrides: Mapping[str, str], engine: str, remedy: str
) -> str:
    """An engine's code for a language.

    Args:
        code: BCP-47 code.
        legal: the codes that the engine knows.
        overrides: BCP-47 code -> the engine's, from the user; has priority.
        engine: its name, for the error.
        remedy: what the error message suggests.

    Raises:
        DataError: the engine does not know the language, or has several variants of it but no
            matching one.
    """
    if code in overrides:
        if overrides[code] not in legal:
            raise _unknown(
                f"{overrides[code]} (`codes` names it for {code})", code, legal, engine, remedy
            )
        return overrides[code]
    for candidate in _candidates(code):
        if candidate in legal:
            return candidate
    variants = sorted(name for name in legal if name.partition("_")[0] in stems(code))
    if len(variants) == 1:
        return variants[0]
    if variants:
        raise DataError(
            f"{engine} has several variants of {code!r}: {', '.join(variants)}",
            "one of them",
            f"name it: `codes: {{{code}: {variants[0]}}}`",
        )
    raise _unknown(code, code, legal, engine, remedy)


def _candidates(code: str) -> list[str]:
    names = [code, code.replace("-", "_")]
    _, _, rest = code.partition("-")
    ends = [rest.replace("-", "_"), _script(code)]
    names += [f"{stem}_{end}" for end in ends if end for stem in stems(code)]
    return [*names, *stems(code)]


def _script(code: str) -> str:
    return language(code).script if code.partition("-")[0].lower() in FAMILIES else ""


def _unknown(name: str, code: str, legal: Collection[str], engine: str, remedy: str) -> DataError:
    names = sorted(legal)
    near = _near(code, names)
    listed = ", ".join(names[:_MOST_NAMES]) + (
        f", ... ({len(names)} in all)" if names[_MOST_NAMES:] else ""
    )
    if near:
        remedy = f"did you mean {' or '.join(near)} (`codes: {{{code}: {near[0]}}}`)? Else {remedy}"
    return DataError(
        f"{engine} does not translate from English into {name}",
        f"one of {listed or 'none'}",
        remedy,
    )


def _near(code: str, names: Sequence[str]) -> list[str]:
    beginnings = {name.partition("_")[0]: name for name in reversed(names)}
    similar = [beginnings[near] for stem in stems(code) for near in nearest(stem, beginnings)]
    return list(dict.fromkeys(similar))[:3]
