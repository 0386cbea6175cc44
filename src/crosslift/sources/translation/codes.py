"""An engine's own code for a language: `spa`, `spa_Latn`, `es_XX`, `es`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache

from babel.core import get_global

from crosslift.errors import DataError, nearest
from crosslift.languages import FAMILIES, language

_OTHER_STEMS: Mapping[str, tuple[str, ...]] = {  # besides those that CLDR calls aliases
    "fil": ("tl",),
    "nb": ("no", "nor"),
    "no": ("nb", "nob"),
    "ps": ("pbt",),
    "qu": ("quy",),
    "tl": ("tgl", "fil"),
}
_SHOWN = 40


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
    code: str, legal: Collection[str], own: Mapping[str, str], engine: str, remedy: str
) -> str:
    """An engine's own code for a language.

    Args:
        code: BCP-47 code.
        legal: the codes that the engine knows.
        own: BCP-47 code -> the engine's, as the user gives it; goes before everything else.
        engine: its name, for the error.
        remedy: what an error says to do.

    Raises:
        DataError: the engine does not know the language, or has several variants of it and none
            that fits.
    """
    if code in own:
        if own[code] not in legal:
            raise _unknown(
                f"{own[code]} (`codes` names it for {code})", code, legal, engine, remedy
            )
        return own[code]
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


def _unknown(shown: str, code: str, legal: Collection[str], engine: str, remedy: str) -> DataError:
    names = sorted(legal)
    near = _near(code, names)
    listed = ", ".join(names[:_SHOWN]) + (f", ... ({len(names)} in all)" if names[_SHOWN:] else "")
    if near:
        remedy = f"did you mean {' or '.join(near)} (`codes: {{{code}: {near[0]}}}`)? Else {remedy}"
    return DataError(
        f"{engine} does not translate from English into {shown}",
        f"one of {listed or 'none'}",
        remedy,
    )


def _near(code: str, names: Sequence[str]) -> list[str]:
    beginnings = {name.partition("_")[0]: name for name in reversed(names)}
    found = [beginnings[near] for stem in stems(code) for near in nearest(stem, beginnings)]
    return list(dict.fromkeys(found))[:3]
