"""Cuts English texts into sentences: translation models are trained on single ones, and silently
omit parts of longer texts."""

from __future__ import annotations

import re

_END = re.compile(
    r"""(?P<end>[.!?…]["'”’)\]]*)(?P<gap>[^\S\n]+)(?=["'“‘(\[]*[A-Z0-9])|(?P<line>\s*\n\s*)"""
)
_ABBREVIATIONS = (
    "Mr. Mrs. Ms. Dr. Prof. St. Sr. Jr. Lt. Col. Gen. Sgt. Capt. Rev. Hon. Gov. Sen. Rep. No. Nos. "
    "Vol. Fig. pp. p. vs. cf. e.g. i.e. etc. ca. c. approx. al. Inc. Ltd. Co. Corp. Mt. Ft. Jan. Feb. "
    "Mar. Apr. Jun. Jul. Aug. Sep. Sept. Oct. Nov. Dec."
)
_SHORT = frozenset(_ABBREVIATIONS.split())
_INITIALS = re.compile(r"(?:[A-Z]\.)+")


def cut(text: str) -> tuple[list[str], list[str]]:
    """The sentences of an English text, and the space between them.

    Returns:
        N sentences; N - 1 pieces of space. Joined in turn they are the text without the space at
        its ends.
    """
    sentences: list[str] = []
    gaps: list[str] = []
    begin, whole = 0, text.strip()
    for match in _END.finditer(whole):
        if match["line"] is None and _is_short(whole[begin : match.end("end")]):
            continue
        inside = match.start("line") if match["line"] is not None else match.end("end")
        sentences.append(whole[begin:inside])
        gaps.append(match["line"] or match["gap"])
        begin = match.end()
    return [*sentences, whole[begin:]], gaps


def _is_short(sentence: str) -> bool:
    last = sentence.split()[-1].lstrip("\"'“‘([")
    return last in _SHORT or _INITIALS.fullmatch(last) is not None
