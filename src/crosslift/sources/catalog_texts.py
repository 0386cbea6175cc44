"""Cleans the texts of gettext catalogs: removes placeholders, markup and accelerators."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata

_HOLE = "\ufffc"  # replaces a placeholder until the text around it is clean

_PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}"  # templates
    r"|[$#%]\{[^{}]*\}"  # ${x} #{x} %{x}
    r"|%\([^()]*\)[#0\-+]*\d*(?:\.\d+)?[A-Za-z]?"  # %(name)s
    r"|%(?:\d+\$)?[#0\-+]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|L|q|j|z|t)?[A-Za-z@]"  # %5.1f
    r"|\{[\w.\[\]]*(?:![rsa])?(?::[^{}]*)?\}",  # {} {0} {name!r:>10}
    re.DOTALL,
)
_AFTER_NUMBER = r"(?![\d$.A-Za-z])"
_NUMBERED = re.compile(r"%[1-9]" + _AFTER_NUMBER)  # %1 of Qt and KDE
_BLOCK_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|td|tr|th|hr|h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9A-Fa-f]+|[A-Za-z][A-Za-z0-9]*);")
_WRAPPED_HOLE = re.compile(
    rf"\(\s*{_HOLE}\s*\)|\[\s*{_HOLE}\s*\]|[\"'`“”„«»‘’「『‹›]\s*{_HOLE}\s*[\"'`“”„«»‘’」』‹›]"
)
_LIST_OF_HOLES = re.compile(rf"(,)(?:\s*{_HOLE}\s*,)+")
_HOLE_BEFORE_MARK = re.compile(rf"(?:\s*{_HOLE})+\s*(?=[.,;!?)\]。、](?!\w))")
_LEADING_MARKS = re.compile(rf"^\s*(?:{_HOLE}[\s:,;.\-–—/|]*)+")
_SUFFIX_ACCELERATOR = re.compile(r"\s*\([&_]\w\)")  # the form of Chinese, Japanese and Korean


def clean_pair(msgid: str, translation: str) -> tuple[str, str]:
    """Removes the parts that two texts share only because they are program messages.

    With the same placeholder, tag or accelerator in both texts, any method would retrieve the pair
    without understanding the languages.

    Args:
        msgid: the English message.
        translation: its translation.

    Returns:
        Both texts without format placeholders (``%(name)s``, ``%d``, ``{0}``, ``${x}``), HTML tags and
        keyboard accelerators. Entities become their characters, and white space becomes one space.
    """
    numbers = set(_NUMBERED.findall(msgid))
    src = _without_markup(_NUMBERED.sub(_HOLE, msgid))
    tgt = _without_markup(
        _NUMBERED.sub(lambda match: _HOLE if match[0] in numbers else match[0], translation)
    )
    src, tgt = _without_accelerators(src, tgt)
    return _tidy(src), _tidy(tgt)


def english_key(msgid: str) -> str:
    """Letters and digits of an English message, case folded, placeholders and markup left out.

    Two messages whose cleaned texts differ only in case, punctuation or spaces have one key;
    it depends on the English side alone, never on a translation.
    """
    text = _without_markup(_NUMBERED.sub(_HOLE, msgid))
    text = _tidy(_SUFFIX_ACCELERATOR.sub("", text))
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def item_id(msgid: str, context: str | None) -> str:
    """The id of an entry, the same in all languages.

    Args:
        msgid: the English message as in the catalog.
        context: its ``msgctxt``; None if it has none.

    Returns:
        16 hexadecimal digits: eight of the hash of `english_key`, which `half_of` reads, and
        eight of the hash of context and message.
    """
    whole = f"{context or ''}\x04{msgid}"
    return _digits(english_key(msgid)) + _digits(whole)


def count_letters(text: str) -> int:
    """How many characters of a text are letters, in any script."""
    return sum(unicodedata.category(character)[0] == "L" for character in text)


def count_words(text: str) -> int:
    """How many parts of a text between spaces hold a letter."""
    return sum(any(character.isalpha() for character in part) for part in text.split())


def _digits(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _without_markup(text: str) -> str:
    text = _PLACEHOLDER.sub(_HOLE, text.replace("%%", "%\u2060")).replace("\u2060", "")
    text = _TAG.sub("", _BLOCK_TAG.sub(" ", text))
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text)


def _without_accelerators(src: str, tgt: str) -> tuple[str, str]:
    src, tgt = _SUFFIX_ACCELERATOR.sub("", src), _SUFFIX_ACCELERATOR.sub("", tgt)
    for mark in "&_":
        word = re.compile(rf"\w*{mark}(?=[^\W\d_])\w*")
        src, tgt = _without_mark(src, tgt, word, mark), _without_mark(tgt, src, word, mark)
    return src, tgt


def _without_mark(text: str, other: str, word: re.Pattern[str], mark: str) -> str:
    """Text without its accelerator mark, if it is one.

    It is one if the mark occurs once and starts a word, or occurs within a word and the other side
    has one too; a word that both sides hold (``R&D``, ``first_name``) is a name.
    """
    words, other_words = word.findall(text), word.findall(other)
    if len(words) != 1 or text.count(mark) != 1:
        return text
    starts_word = words[0].startswith(mark)
    pairs_up = len(other_words) == 1 and words[0] not in other and other_words[0] not in text
    return text.replace(mark, "") if starts_word or pairs_up else text


def _tidy(text: str) -> str:
    text = _WRAPPED_HOLE.sub(_HOLE, text)
    text = _LEADING_MARKS.sub("", text)
    text = _HOLE_BEFORE_MARK.sub("", _LIST_OF_HOLES.sub(r"\1", text))
    return " ".join(text.replace(_HOLE, " ").split())
