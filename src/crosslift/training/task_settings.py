"""Settings of the tasks of a stage, and of how they share its budget. Imports no torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crosslift.encoders.encoder_settings import SidePrompts
from crosslift.languages import LanguageCode
from crosslift.sources.python_data import DataPath
from crosslift.sources.translation.translation_settings import TranslationSettings
from crosslift.tasks.controls import Control
from crosslift.training.bounded_numbers import Count, NotNegative, Positive, Share

Weight = NotNegative | Annotated[dict[Share, NotNegative], Field(min_length=1)]


class TaskSettings(SidePrompts):
    """An intermediate task, alone in its stage or one of several.

    Tasks whose texts have two sides may have a prompt for each. Of text-pairs, ``src`` are the anchors
    (queries) and ``tgt`` the positives and negatives (passages). Of bitext-distillation, ``src`` are
    the translations and ``tgt`` the English texts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    """Name of an intermediate task (`crosslift tasks` lists them)."""
    data: DataPath | None = None
    """File of records, for the tasks that read your own files (text-pairs, regression,
    bitext-distillation, image-text, masked-lm); folder of the published files, for tasks on
    published datasets (None: from the hub)."""
    hub: str | None = None
    """Dataset of the hub with pictures and captions, as ORG/NAME@REVISION, instead of `data`."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column that the form reads -> column of your file, if the names differ."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the task's form, such as `whole_words` of a masked LM."""
    limit: Count | None = None
    """Number of training records, drawn once at random, the same for every seed. For captioned
    pictures it counts captions; a picture is drawn with all of its captions. None: all."""
    dev_limit: Count | None = None
    """Number of dev records, drawn the same way. None: all."""
    translate: TranslationSettings | None = None
    """Also trains on machine-translated records. None: no translation."""
    control: Control | None = None
    """Trains on a control of the task instead: the same records without what the task teaches. See
    `crosslift.tasks.controls`."""
    skip_broken: bool = False
    """Skips and counts records whose picture is missing or damaged. False: they are errors."""
    check_language: bool = False
    """Skips and counts captions in another language than declared (`pip install
    crosslift[languages]`)."""
    language: LanguageCode | None = None
    """Language of all texts in your own file, if it has no column `language`. None: English;
    CrossLift checks this in a zero-shot arm."""


class MixedTaskSettings(TaskSettings):
    """One of several tasks that a stage trains on at once."""

    weight: Weight | None = None
    """Share of the examples; the shares of all tasks sum to 1. A mapping from shares of the
    budget to weights changes it in straight lines, as {0: 1, 1: 0.5}. None: see `mixing`."""
    loss_weight: Positive = 1.0
    """Factor of the task's loss."""

    def weight_at(self, spent: float) -> float:
        """Its weight when this share of the budget, in [0, 1], is spent."""
        if self.weight is None:
            raise ValueError(f"task {self.task} has no weight")
        if not isinstance(self.weight, dict):
            return self.weight
        knots = sorted(self.weight.items())
        before = [knot for knot in knots if knot[0] <= spent]
        after = [knot for knot in knots if knot[0] > spent]
        if not before or not after:
            return knots[0][1] if not before else knots[-1][1]
        (x, low), (y, high) = before[-1], after[0]
        return low + (high - low) * (spent - x) / (y - x)


class MixingSettings(BaseModel):
    """How the tasks of a stage share its budget."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sampling: Literal["uniform", "proportional", "temperature", "capped", "weights"] | None = None
    """A task's share of the examples. Uniform: the same for all. Proportional: to its records.
    Temperature: to its records to the power of 1 / temperature. Capped: to its records, of which
    at most `cap` count. Weights: each task's `weight`. None: weights if tasks have them, else
    proportional."""
    temperature: Annotated[float, Field(ge=1)] = 2.0
    """1 is proportional; higher values make the shares more equal."""
    cap: Count = 16_384
    """Largest number of records of a task that counts."""
    batches: Literal["one-task", "interleaved"] = "one-task"
    """One-task: each part of an update holds records of one task, drawn by the shares. Interleaved:
    it holds records of all tasks, in the shares."""
    accumulate: Literal["within", "across"] = "within"
    """For batches of one task, if `accumulation` splits an update. Within: all parts belong to
    one task. Across: the task of each part is drawn separately."""
