"""What a ledger of claims is: claims, their sources, and the studies that test them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crosslift.artifacts.field_checks import EachOnce, Name

Prediction = Literal["higher", "lower", "none", "not higher"]
Needs = Literal["all", "any", "most"]
RecipeCheck = Literal["zero-shot", "same-phase-three", "retrieval-untuned", "equal-budgets"]

Text = Annotated[str, Field(min_length=1)]


def _weighted(value: object) -> object:
    """A list of targets as their mean."""
    if isinstance(value, (list, tuple)) and value:
        return {str(name): 1 / len(value) for name in value}
    return value


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Comparison(_Settings):
    """A comparison of two arms of a study, and the prediction of the claim."""

    arm: Text
    against: Text = "baseline"
    targets: Annotated[
        dict[str, float], BeforeValidator(_weighted), Field(min_length=1, description="weights")
    ]
    """Names of targets, whose mean is used, or name -> weight: weights of both signs compare targets
    with one another."""
    predicts: Prediction = "higher"
    """``none``: no difference as large as the smallest effect of interest. ``not higher``: lower, or
    no such difference."""
    says: str = ""
    """What the comparison is, in words; empty: its arms."""


class TestedBy(_Settings):
    """How a study tests a claim."""

    tests: tuple[Comparison, ...] = ()
    needs: Needs = "all"
    """Which share of the tests must come out as predicted: ``most`` is more than half."""
    beside: tuple[Comparison, ...] = ()
    """Tests of another reading of the claim; they do not affect the verdict."""
    recipe: Annotated[tuple[RecipeCheck, ...], EachOnce] = ()
    """For a claim about the method: what the run must do to follow it."""
    difference: Text
    """How the scope of the study differs from that of the claim, in words."""

    @model_validator(mode="after")
    def _tests_something(self) -> Self:
        if not self.tests and not self.recipe:
            raise ValueError("`tests`, or the `recipe` that a run must follow")
        return self


class Claim(_Settings):
    """A published claim."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    text: Text
    """The claim, in our words."""
    place: Text
    """Where the source says it."""
    published: Text
    """The published figure, in words."""
    scope: Text
    """Encoder, tasks, targets and languages that the claim covers."""
    note: str = ""
    """A note for the reader, such as what published rows say about the claim."""
    tested_by: dict[str, TestedBy] = {}
    """Name of a study -> how it tests the claim."""
    untested: str = ""
    """Why no study tests it."""

    @model_validator(mode="after")
    def _has_a_study(self) -> Self:
        if bool(self.tested_by) == bool(self.untested):
            raise ValueError(
                f"claim {self.id}: a study in `tested_by`, or why none tests it in `untested`"
            )
        return self


class Ledger(_Settings):
    """The claims of one source."""

    name: Name
    title: Text
    source: Text
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [claim.id for claim in self.claims]
        if len(set(ids)) < len(ids):
            raise ValueError("each `id` of a claim once")
        return self

    def tested_by(self, study: str) -> list[tuple[Claim, TestedBy]]:
        """The claims that a study tests, and how it tests them."""
        return [(c, c.tested_by[study]) for c in self.claims if study in c.tested_by]
