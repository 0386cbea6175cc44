"""The settings of a start, and those of an arm."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crosslift.artifacts.field_checks import EachOnce
from crosslift.encoders.encoder_settings import EncoderSettings
from crosslift.retrieval.postprocess import Postprocessing
from crosslift.studies.choose_settings import ChooseSettings, named
from crosslift.tasks.controls import Control
from crosslift.training.bounded_numbers import Share
from crosslift.training.fine_tune_settings import FineTuneSettings
from crosslift.training.stage_settings import StageSettings


def _path(shares: tuple[float, ...]) -> tuple[float, ...]:
    """The points of a path, in order; its ends belong to it."""
    if len(set(shares)) < len(shares):
        raise ValueError("each point of the path once")
    return tuple(sorted({0.0, 1.0, *shares})) if shares else ()


WeightPath = Annotated[tuple[Share, ...], AfterValidator(_path)]
"""Shares of the way from the start of an arm to its end."""
Controls = Literal["auto"] | Annotated[tuple[Control, ...], EachOnce]
"""Kinds of control; `auto`: controls that separate the effect of an arm from the effect of its
updates."""
EncoderField = Annotated[EncoderSettings, BeforeValidator(named)]


class Start(BaseModel):
    """Where arms start: an encoder and, optionally, stages that all arms share (phase one)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: EncoderField
    """The encoder: a name, or its settings."""
    stages: tuple[StageSettings, ...] = ()
    """Phase one; none: the encoder without training. `Study.start_seeds` decides its seeds."""


class Arm(BaseModel):
    """One condition of a study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    """Description that reports and lists show."""
    start: str | None = None
    """One of the study's starts; None: the study's own."""
    stages: tuple[StageSettings, ...] = ()
    """Phase two; none: the start without training."""
    postprocessing: Annotated[tuple[Postprocessing, ...], EachOnce] = ()
    """Changes the vectors and scores of bitexts, in this order, without labels: `centre` per
    language, `whiten`, `all-but-the-top`, and `csls`. Other targets have no score then."""
    hidden_state: Annotated[int, Field(ge=0)] | None = None
    """Vectors are read from this hidden state instead of the start's own; 0 is the embedding
    output. It does not affect training. Such an arm has no phase three."""
    interpolate: WeightPath | None = None
    """Also measures the weights at these shares of the way from start to end (weight
    interpolation, WiSE-FT, arXiv 2109.01903), without more training; 0 is the start, 1 the end.
    None: as the study says."""
    control_of: str | None = None
    """The arm that this arm is a control of."""
    control: Control | None = None
    """Kind of the control; None: another kind, or no control."""
    controls: Controls | None = None
    """Adds control arms, ARM--CONTROL, with the stages, budget and seeds of this arm. `auto`:
    controls that separate its effect from the effect of its updates. None: as the study says."""
    choose: ChooseSettings | None = None
    """Settings of the last stage to choose among several values. None: as the study says."""
    zero_shot: bool = True
    """True: its labels, captions and pairs are English only. False: some are in other languages;
    every table marks the arm."""
    reference: bool = False
    """Shown beside the others for orientation, without comparisons."""
    fine_tune: FineTuneSettings | None = None
    """Settings of phase three that override the settings of the study or a target in this arm, such as
    `robust`; budget and records are the same for all arms."""

    @model_validator(mode="after")
    def _tuned_alike(self) -> Self:
        set_here = self.fine_tune.model_fields_set if self.fine_tune else set()
        shared = [name for name in ("budget", "limit", "dev_limit") if name in set_here]
        if shared:
            raise ValueError(f"no {shared[0]} in an arm's fine_tune: it is the same for all arms")
        if self.fine_tune and self.is_a_reading:
            raise ValueError(
                "no fine_tune of an arm with postprocessing or a hidden state, which has no phase three"
            )
        return self

    @model_validator(mode="after")
    def _trains_what_it_chooses(self) -> Self:
        if self.choose is not None and not self.stages:
            raise ValueError("no `choose` of an arm without stages: it trains nothing")
        return self

    @property
    def is_a_reading(self) -> bool:
        """Whether it reads its encoder in another way: only its vectors are measured, without phase
        three."""
        return bool(self.postprocessing) or self.hidden_state is not None
