"""Settings of the translation of a task's training data. No torch here: studies are validated
without it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from crosslift.errors import nearest
from crosslift.languages import FAMILIES, is_known

Count = Annotated[int, Field(ge=1)]

_ONLY_SEQ2SEQ = ("model", "revision", "beams", "batch_size")


class TranslationSettings(BaseModel):
    """Which program or model translates a task's English training data, and into what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["apertium", "seq2seq"]
    """`apertium`: the rule-based program of that name, on the processor. `seq2seq`: a transformers
    model (Marian, M2M100, NLLB, mBART-50)."""
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    """BCP-47 codes of the languages, each once."""
    model: str | None = None
    """Folder or hub name of the model (seq2seq only)."""
    revision: str | None = None
    """Commit or branch of a hub name; None: its main branch."""
    codes: dict[str, str] = Field(default_factory=dict)
    """BCP-47 code -> the engine's own code (`spa_Latn`, `cat_valencia`), if CrossLift does not
    find it."""
    keep_english: bool = True
    """Keeps the English records in the training data, before the translated ones."""
    limit: Count | None = None
    """Number of English records to translate, from the first; None: all."""
    beams: Count = 1
    """Beams of the search for a translation (seq2seq only); 1: greedy."""
    batch_size: Count = 32
    """Number of sentences in one batch of the model (seq2seq only)."""

    @field_validator("to")
    @classmethod
    def _languages(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        for code in to:
            if code.partition("-")[0].lower() == "en":
                raise ValueError(f"{code!r} is the language it is translated from; leave it out")
            if not is_known(code):
                near = " or ".join(map(repr, nearest(code, FAMILIES)))
                hint = f"; did you mean {near}?" if near else ""
                raise ValueError(f"{code!r} is not a known language; a BCP-47 code is needed{hint}")
        if len(set(to)) < len(to):
            raise ValueError("each language once")
        return to

    @model_validator(mode="after")
    def _of_one_engine(self) -> TranslationSettings:
        if self.engine == "seq2seq" and not self.model:
            raise ValueError("the engine seq2seq needs `model`: a folder or a hub name")
        extra_fields = [name for name in _ONLY_SEQ2SEQ if name in self.model_fields_set]
        if self.engine == "apertium" and extra_fields:
            raise ValueError(f"the engine apertium takes no {' and no '.join(extra_fields)}")
        unknown_codes = [code for code in self.codes if code not in self.to]
        if unknown_codes:
            raise ValueError(f"`codes` names {', '.join(unknown_codes)}, which `to` does not")
        return self
