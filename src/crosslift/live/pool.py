"""Pools to search: the texts or the pictures of a target, of your file or of your folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.errors import UnknownNameError
from crosslift.live.rows import CandidateRows
from crosslift.sources.picture import Picture


@dataclass(frozen=True)
class Candidate:
    """A text or a picture that a search can find.

    Args:
        text: None for a picture.
        picture: None for a text.
        name: id of a picture, or its path in your folder; empty for a text.
        languages: codes of the languages of a text; empty: not known.
    """

    text: str | None = None
    picture: Picture | None = None
    name: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pool:
    """Candidates that are searched together.

    Args:
        id: in addresses, such as ``names:texts``.
        title: in words.
        kind: what the candidates are.
        candidates: the N candidates.
        rows: arm -> its vectors of the candidates.
        missing: arm -> why it cannot search them.
        prompts: prompts with which an encoder reads queries.
        notes: remarks for readers of results.
    """

    id: str
    title: str
    kind: Literal["texts", "pictures"]
    candidates: Sequence[Candidate]
    rows: Mapping[str, CandidateRows]
    missing: Mapping[str, str]
    prompts: SidePrompts
    notes: tuple[str, ...] = ()

    @cached_property
    def by_language(self) -> Mapping[str, NDArray[np.int64]]:
        """Language -> places of its candidates, ascending."""
        places: dict[str, list[int]] = {}
        for place, candidate in enumerate(self.candidates):
            for code in candidate.languages:
                places.setdefault(code, []).append(place)
        return {code: np.array(places[code], np.int64) for code in sorted(places)}

    def places_in(self, languages: Sequence[str]) -> NDArray[np.int64]:
        """The places of the candidates in some languages, ascending; without languages, of all.

        Raises:
            UnknownNameError: no candidate is in a language.
        """
        if not languages:
            return np.arange(len(self.candidates))
        for code in languages:
            if code not in self.by_language:
                raise UnknownNameError(f"language of {self.title}", code, self.by_language)
        return np.unique(np.concatenate([self.by_language[code] for code in languages]))

    def picture(self, place: int) -> Picture | None:
        """The picture at a place; returns None if there is none."""
        if 0 <= place < len(self.candidates):
            return self.candidates[place].picture
        return None
