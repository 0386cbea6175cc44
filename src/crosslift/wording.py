"""How numbers and lists are written for people: one function for each kind of thing.

A metric writes its own scores and differences: see `crosslift.metrics.table`.
"""

from __future__ import annotations

from collections.abc import Sequence

MINUS = "\u2212"
_DASH = "\u2013"
_MOST_DECIMALS = 3
_LEAST_P = 1e-6
"""Smaller p-values are written as below it: they say no more, and depend on the far tail."""


def percent(score: float) -> str:
    """A score of [0, 1] in percent with one decimal, without the sign (``85.3``; never ``-0.0``)."""
    text = f"{score * 100:.1f}"
    return text.removeprefix("-") if float(text) == 0 else text


def share(part: float, decimals: int = 0) -> str:
    """A part of a whole with the percent sign (``60%``); one more decimal below 1% (``0.4%``).

    Args:
        part: a fraction; a ratio of noisy numbers may be below 0 or above 1.
        decimals: number of decimals for a part of 1% or more, and for 0.
    """
    text = f"{part * 100:.{decimals + (0 < part < 0.00995)}f}"
    return f"{text.removeprefix('-') if float(text) == 0 else text.replace('-', MINUS)}%"


def level_words(level: float) -> str:
    """The level of an interval, in [0, 1], as ``95%`` or ``99.5%``."""
    return f"{100 * level:.4g}%"


def decimal(value: float) -> str:
    """A number with one decimal, and a true minus; more where one would hide that it is not 0.

    Example: 2.54 is ``2.5``, and 0.013 is ``0.01``. At most three decimals, never a negative zero.
    """
    for decimals in range(1, _MOST_DECIMALS + 1):
        if round(value, decimals) != 0:
            return f"{value:,.{decimals}f}".replace("-", MINUS)
    return "0.0"


def signed_decimal(value: float) -> str:
    """The same with its sign (``+2.5``); 0 has none."""
    text = decimal(value)
    return f"+{text}" if value > 0 and text != "0.0" else text


def points(effect: float) -> str:
    """A difference of scores of [0, 1] in points (``3.1`` for 0.0312)."""
    return decimal(effect * 100)


def signed_points(effect: float) -> str:
    """The same with its sign (``+0.4``); 0 has none."""
    return signed_decimal(effect * 100)


def interval(low: float, high: float) -> str:
    """An interval of differences of scores in points (``[+2.1, +6.3]``)."""
    return f"[{signed_points(low)}, {signed_points(high)}]"


def p_value(p: float, alpha: float = 0.05) -> str:
    """A p-value as text after ``p``: ``= 0.003``, or ``< 0.000001`` if it is too small to resolve.

    Args:
        p: the value.
        alpha: the rounded value is on the side of alpha that the value is on.
    """
    if p >= 1:
        return "= 1"
    if p < _LEAST_P:
        return f"< {_LEAST_P:f}"
    text = f"{p:.3f}" if p >= 0.001 else f"{p:.6f}".rstrip("0")
    if (float(text) < alpha) != (p < alpha):
        text = f"{p:.6f}"
    return f"= {text}"


def count(value: float) -> str:
    """A count, rounded to a whole number and grouped (``12,800``)."""
    return f"{round(value):,}"


def rounded_count(value: float) -> str:
    """A count of any size as a person reads it (``12,800``, ``1.2 million``)."""
    for size, word in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"{value / size:.1f} {word}"
    return count(value)


def large(value: float) -> str:
    """A number of any size in four significant digits, grouped (``1,234``, ``0.5121``)."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """A time span in the two largest units that fit (``2 h 05 min``, ``48.3 s``, ``under 0.1 s``).

    ``unknown`` for None.
    """
    if seconds is None:
        return "unknown"
    if 0 < seconds < 0.05:
        return "under 0.1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{min(seconds, 59.9):.1f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def about_duration(seconds: float) -> str:
    """An estimated time span (``about 12 min 30 s``, ``under 0.1 s``)."""
    text = duration(seconds)
    return text if text.startswith("under") else f"about {text}"


def memory(size: int | None) -> str:
    """A number of bytes in a fitting unit (``50 B``, ``1.5 GiB``); a dash for None, which was not
    measured."""
    if size is None:
        return _DASH
    if size < 1024:
        return f"{size} B"
    mebibytes = size / 2**20
    if mebibytes < 0.1:
        return f"{size / 1024:.1f} KiB"
    if mebibytes >= 1024:
        return f"{mebibytes / 1024:.1f} GiB"
    return f"{mebibytes:.0f} MiB" if mebibytes >= 10 else f"{mebibytes:.1f} MiB"


def plural(number: int, noun: str) -> str:
    """A count with its noun (``1 seed``, ``5,200 queries``)."""
    return f"{number:,} {noun if number == 1 else plural_of(noun)}"


def points_words(number: float) -> str:
    """A number of points (``1 point``, ``0.3 points``)."""
    return f"{number:g} {'point' if number == 1 else 'points'}"


def plural_of(noun: str) -> str:
    """The regular plural of a noun (``seeds``, ``queries``, ``days``)."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def listed(parts: Sequence[str]) -> str:
    """Parts joined as a sentence lists them (``a, b and c``)."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def first_listed(parts: Sequence[str], most: int) -> str:
    """The same of at most ``most`` parts and the number of the others (``a, b and 3 others``)."""
    if len(parts) <= most + 1:
        return listed(parts)
    return f"{', '.join(parts[:most])} and {len(parts) - most} others"


def baseline_words(name: str) -> str:
    """The baseline of a sentence (``the baseline raw``, ``the baseline`` if that is its name)."""
    return "the baseline" if name == "baseline" else f"the baseline {name}"


def prompt_words(prompt: str) -> str:
    """A prompt for people (``prompt 'query: '``, or ``no prompt``)."""
    return f"prompt {prompt!r}" if prompt else "no prompt"
