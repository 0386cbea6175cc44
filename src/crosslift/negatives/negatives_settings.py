"""The settings of a job that mines hard negatives. Loads no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator

from crosslift.artifacts.disk_errors import disk_errors_explained
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.errors import DataError
from crosslift.making.object_encoder import HasEncode, ObjectEncoder

_RANKS = re.compile(r"(\d+)-(\d+)")
_ENDINGS = (".jsonl", ".jsonl.gz")


def _object(model: Any) -> Any:
    return ObjectEncoder.of(model) if isinstance(model, HasEncode) else model


_Model = Annotated[EncoderSettings | InstanceOf[ObjectEncoder], BeforeValidator(_object)]


class NegativesSettings(SidePrompts):
    """The pairs, the corpus, and the rules by which its texts become negatives.

    The prompts of ``src`` are for anchors, the prompts of ``tgt`` for all other texts.
    """

    pairs: Path
    """A table that the task `text-pairs` reads: columns anchor and positive; group, language and
    negatives if it has them."""
    corpus: Path | None = None
    """A table with a column `text`, and maybe `group`: its texts become negatives. None: the positives
    of all pairs."""
    model: _Model
    """Settings of an encoder, or an object with a method `encode` from N texts to an array [N, D]."""
    out: Path
    """JSON lines: the pairs with their negatives, in their order; gzipped if it ends with .gz."""
    overwrite: bool = False

    first_rank: Annotated[int, Field(ge=1)] = 10
    """The nearest text that may become a negative; 1 is the nearest that is not right for the pair."""
    last_rank: Annotated[int, Field(ge=1)] = 100
    """The last text that may become a negative."""
    negatives: Annotated[int, Field(ge=1)] = 5
    """Most negatives of a pair."""
    choice: Literal["nearest", "random"] = "nearest"
    """The texts that become negatives if more than `negatives` remain."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the random choice."""

    margin: Annotated[float, Field(ge=0)] | None = None
    """A negative's cosine with the anchor is at most the positive's less this. None: no such limit."""
    relative_margin: Annotated[float, Field(ge=0)] | None = None
    """A negative's cosine is at most the positive's less this share of its absolute value."""
    similar: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Texts are near duplicates if their sets of four-letter runs have at least this Jaccard
    similarity."""

    guide: _Model | None = None
    """A second encoder, which leaves out texts that are nearer to the anchor than the positive is."""
    guide_margin: Annotated[float, Field(ge=0)] = 0.0
    """By the guide, a negative's cosine is at most the positive's less this."""
    guide_prompt_src: str | None = None
    """The guide's prompt for anchors. None: the guide's own prompt."""
    guide_prompt_tgt: str | None = None
    """The guide's prompt for all other texts. None: the guide's own prompt."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first_rank > self.last_rank:
            raise ValueError(
                f"ranks {self.first_rank}-{self.last_rank}: the first is at most the last"
            )
        return self

    @property
    def guide_prompts(self) -> SidePrompts:
        """The prompts of the guide."""
        return SidePrompts(prompt_src=self.guide_prompt_src, prompt_tgt=self.guide_prompt_tgt)


def ranks_of(words: str) -> tuple[int, int]:
    """The first and the last rank of a range such as ``10-100``.

    Raises:
        DataError: the text is no such range.
    """
    match = _RANKS.fullmatch(words.strip())
    if match is None:
        raise DataError(f"ranks {words!r}", "two ranks with a hyphen, such as 10-100")
    return int(match[1]), int(match[2])


def refuse_output(settings: NegativesSettings) -> None:
    """Raises if the output has another ending, would overwrite a file, or is one of the inputs.

    Raises:
        DataError: the reason.
    """
    out = settings.out
    with disk_errors_explained(out):
        exists = out.exists()
    if not out.name.endswith(_ENDINGS):
        raise DataError(f"{out} is no name of JSON lines", f"an ending of {' or '.join(_ENDINGS)}")
    if out.is_dir():
        raise DataError(f"{out} is a folder", "a file to write")
    for path in (settings.pairs, settings.corpus):
        if path is not None and exists and path.exists() and out.samefile(path):
            raise DataError(f"{out} is both input and output", "another file to write")
    if exists and not settings.overwrite:
        raise DataError(f"{out} exists", "a new file", "another name, or `--overwrite`")
