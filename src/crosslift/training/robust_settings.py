"""Settings of robust training. No torch here: studies are validated without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]

SEARCH = 2 / 3
"""Cost of a pass that only needs the gradient of the perturbation, in passes that train: the forward
pass, the gradient of the activations and that of the weights cost about the same, and it needs the
first two."""


class BallSettings(BaseModel):
    """A ball around the token rows that the encoder reads, special tokens' rows among them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    radius: NotNegative = 0.1
    """L2 radius, in the unit of `unit`."""
    unit: Literal["mean-row", "absolute"] = "mean-row"
    """Mean-row: the mean L2 length of the encoder's token rows, so that 0.1 means the same for
    every encoder. Absolute: the numbers of the rows."""
    ball: Literal["token", "sequence"] = "token"
    """Token: each token's row moves by at most the radius. Sequence: the rows of a sequence, as one
    vector, do."""


class AdversarialSettings(BallSettings):
    """Adds to the token rows a change that makes the loss high (projected gradient ascent).

    One step from the rows themselves is the fast gradient method. The gradient's direction counts, not
    its length. Every pass over a batch has the same dropout.

    Source: as adversarial training for cross-lingual transfer, Huang et al. 2021 (arXiv 2104.08645),
    section 3; one step: Miyato et al. 2017 (arXiv 1605.07725), section 3; several: Madry et al. 2018
    (arXiv 1706.06083); free: FreeLB, Zhu et al. 2020 (arXiv 1909.11764), algorithm 1 and section 3.3.
    """

    steps: Count = 1
    """Number of steps of the ascent."""
    step_size: Positive | None = None
    """L2 length of a step, in the radius' unit. None: the radius for one step, 2.5 radius / steps for
    several."""
    start: Literal["zero", "random"] = "zero"
    """Where the ascent starts: at the rows themselves, or at a point drawn uniformly from the
    ball."""
    loss: Literal["perturbed", "both"] = "perturbed"
    """Training loss: the loss at the end of the ascent, or the mean of that and the loss of the
    rows themselves."""
    free: bool = False
    """FreeLB: trains on the mean loss of all points of the ascent; the same pass gives the
    gradient of the weights and the next step."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.free and self.loss == "both":
            raise ValueError(
                "free with loss: perturbed; its loss is that of all points of the ascent"
            )
        return self

    @property
    def length(self) -> float:
        """L2 length of a step, in the radius' unit."""
        if self.step_size is not None:
            return self.step_size
        return self.radius if self.steps == 1 else 2.5 * self.radius / self.steps

    def cost(self, search: float = SEARCH) -> float:
        """Cost of an update by its passes, in updates without robust training.

        Args:
            search: cost of a pass that trains nothing, in passes that train.
        """
        if self.radius == 0:
            return 1.0
        if self.free:
            return float(self.steps)
        if self.loss == "perturbed":
            return self.steps * search + 1
        shared = 1 if self.start == "zero" else 0  # its first pass is that over the rows themselves
        return 2 + (self.steps - shared) * search


class RandomPerturbationSettings(BallSettings):
    """Trains on token rows with noise drawn uniformly from the ball: randomized smoothing by random
    perturbation (RS-RP).

    Source: Huang et al. 2021 (arXiv 2104.08645), section 3; Cohen et al. 2019 (arXiv 1902.02918).
    """

    draws: Count = 1
    """Number of draws of noise for each batch; the loss is their mean."""
    loss: Literal["perturbed", "both"] = "perturbed"
    """Both: the mean of that loss and the loss of the rows themselves."""

    def cost(self, search: float = SEARCH) -> float:
        """Cost of an update, as for adversarial training; all its passes train."""
        del search
        return float(self.draws + (self.loss == "both")) if self.radius else 1.0


SYNONYM_SOURCES = ("encoder", "wordnet")
"""Values of `synonyms` other than the path of a file."""


def _path_or_name(value: object) -> object:
    return Path(value) if isinstance(value, str) and value not in SYNONYM_SOURCES else value


class DataAugmentationSettings(BaseModel):
    """Trains on copies of the English records in which words are replaced by synonyms: randomized
    smoothing by data augmentation (RS-DA).

    Each word that has synonyms is replaced by a uniform draw from itself and its synonyms. The
    copies replace the records; dev records do not change. The cost of an update does not change.

    Source: Huang et al. 2021 (arXiv 2104.08645), section 3, and their code (10 copies for PAWS-X, 3 for
    XNLI); Ye et al. 2020 (arXiv 2005.14424).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    synonyms: Annotated[Literal["encoder", "wordnet"] | Path, BeforeValidator(_path_or_name)] = (
        "encoder"
    )
    """A file (json: word -> its synonyms, as counter-fitted neighbours are published; or lines of word,
    tab, synonym); `wordnet`, where that is installed; or `encoder`: the words of the training texts
    that are one token each, no function words, and whose token rows are nearest."""
    copies: Count = 3
    """Number of copies of each record."""
    neighbours: Count = 4
    """Largest number of synonyms of a word, with `encoder`."""
    least_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.6
    """Smallest cosine of the token rows of synonyms, with `encoder`. Below 0.6 many are
    opposites."""


class RobustSettings(BaseModel):
    """Robust training: changes the token rows that the encoder reads, the texts, or both."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adversarial: AdversarialSettings | None = None
    """Adversarial training."""
    random_perturbation: RandomPerturbationSettings | None = None
    """Randomized smoothing by noise (RS-RP)."""
    data_augmentation: DataAugmentationSettings | None = None
    """Randomized smoothing by synonyms (RS-DA)."""

    @model_validator(mode="after")
    def _one_of_the_rows(self) -> Self:
        legal = "adversarial, random_perturbation, data_augmentation"
        if not any((self.adversarial, self.random_perturbation, self.data_augmentation)):
            raise ValueError(f"one of {legal} at least")
        if self.adversarial and self.random_perturbation:
            raise ValueError("either adversarial or random_perturbation, not both")
        return self

    @property
    def of_rows(self) -> AdversarialSettings | RandomPerturbationSettings | None:
        """The perturbation of the token rows; None: none."""
        return self.adversarial or self.random_perturbation


class SmoothedPredictionSettings(BallSettings):
    """Answers by vote: the most frequent answer over several draws of noise on the token rows; in
    a tie, the first one.

    Source: Cohen et al. 2019 (arXiv 1902.02918), section 3; Huang et al. 2021 (arXiv 2104.08645).
    """

    draws: Annotated[int, Field(ge=2)] = 10
    """Number of draws of noise for each example; the cost of answering grows in proportion."""
