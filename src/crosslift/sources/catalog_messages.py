"""Messages of gettext catalogs, with the plural forms that their languages use for one and for many."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from babel.core import Locale, UnknownLocaleError
from babel.messages.plurals import get_plural

from crosslift.errors import DataError
from crosslift.sources.catalog_files import CatalogFile
from crosslift.sources.catalog_formats import MOST_FORMS, CatalogEntry, ParsedCatalog, parse_catalog
from crosslift.sources.formats.rows import short

# Five is an example of "many": two to four have a separate form in Slavic languages, zero, one and two
# in others.
_GENERAL_NUMBER = 5
_RULE = re.compile(r"nplurals\s*=\s*[0-9]+\s*;\s*plural\s*=\s*(?P<rule>[^;]+)")


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a catalog.

    Args:
        context: its ``msgctxt``; None if it has none.
        msgid: the English message, or the English singular.
        plural: the English plural; None if the entry has no plural.
        translation: the translation, or the form for n = 1; empty if untranslated.
        plural_translation: the form for n = 5; empty if untranslated or without a plural.
        state: "fuzzy", "obsolete", "repeated" or "" for an entry in use.
    """

    context: str | None
    msgid: str
    plural: str | None
    translation: str
    plural_translation: str
    state: str

    @property
    def longest(self) -> int:
        """Characters of its longest text."""
        texts = (self.msgid, self.plural or "", self.translation, self.plural_translation)
        return max(map(len, texts))


def read_messages(file: CatalogFile) -> list[Message]:
    """Every entry of one catalog except its header, including obsolete and untranslated ones.

    Raises:
        DataError: as `parse_catalog`; the header's plural rule is not a C expression in n.
    """
    parsed = parse_catalog(file.path)
    one, many = _forms_for_one_and_many(parsed, file)
    return [_message(entry, one, many) for entry in parsed.entries]


def _message(entry: CatalogEntry, one: int, many: int) -> Message:
    strings = entry.strings
    if len(entry.ids) == 1:
        return Message(entry.context, entry.ids[0], None, strings[0], "", entry.state)
    singular, plural = entry.ids[:2]
    return Message(
        entry.context, singular, plural, _form(strings, one), _form(strings, many), entry.state
    )


def _form(forms: tuple[str, ...], index: int) -> str:
    return forms[index] if 0 <= index < len(forms) else ""


def _forms_for_one_and_many(parsed: ParsedCatalog, file: CatalogFile) -> tuple[int, int]:
    """Which plural form is used for n = 1 and which for n = 5.

    If the header has no rule, or only the template's (``nplurals=INTEGER; plural=EXPRESSION``), CLDR's
    rule for the language is used, if it has as many forms as the entries; else the first form and the
    last.
    """
    used = max((len(e.strings) for e in parsed.entries if len(e.ids) > 1), default=1)
    declared = _RULE.search(parsed.headers.get("plural-forms", ""))
    rule = declared["rule"].strip() if declared else _rule_of_language(file.language, used)
    if rule is None:
        return 0, used - 1
    choose = _compiled(rule, file.path)
    return choose(1), choose(_GENERAL_NUMBER)


def _rule_of_language(language: str, forms: int) -> str | None:
    try:
        number, rule = get_plural(Locale.parse(language, sep="-"))[:2]
    except (UnknownLocaleError, ValueError):
        return None
    return str(rule) if number == forms else None


def _compiled(rule: str, path: Path) -> Callable[[int], int]:
    try:
        choose: Callable[[int], int] = gettext.c2py(rule)
        for number in (1, _GENERAL_NUMBER):
            if not 0 <= choose(number) < MOST_FORMS:
                raise ValueError(f"form {choose(number)} for {number}")
    except (ValueError, ArithmeticError, SyntaxError, RecursionError, MemoryError) as error:
        raise DataError(
            f"{path}: the plural rule {short(rule)} cannot be read: {short(str(error))}",
            "a C expression in n in the Plural-Forms header",
        ) from error
    return choose
