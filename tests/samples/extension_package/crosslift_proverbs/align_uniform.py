"""Alignment and uniformity on the sphere (Wang and Isola 2020, arXiv 2005.10242)."""

from dataclasses import dataclass

import numpy as np
import torch

from crosslift.encoders.tokens import tokenise_compactly
from crosslift.forms.checked_fields import filled_column
from crosslift.forms.contrastive_losses import unit
from crosslift.forms.form import StepLoss, epoch_rows
from crosslift.forms.forward import batch_vectors, count_tokens, distinct_ids


@dataclass(frozen=True)
class AlignUniform:
    """Draws the two texts of a record together, and all texts apart.

    Args:
        first, second: names of the records' columns.
        uniformity: weight of the second part of the loss.
    """

    first: str
    second: str
    uniformity: float = 1.0
    name: str = "align-uniform"

    @property
    def columns(self):
        """Both texts."""
        return (self.first, self.second)

    def open(self, encoder, train, dev, options):
        """Tokenises the texts."""
        return OpenAlignUniform(self, encoder, train, options)


class OpenAlignUniform:
    """The form on an encoder, with the records of a task."""

    def __init__(self, form, encoder, train, options):
        self.form = form
        self.encoder = encoder
        self.options = options
        self.size = len(train.records)
        self.head = torch.nn.Module()
        texts = [filled_column(train.records, name) for name in form.columns]
        self.sequences = tokenise_compactly(encoder, [*texts[0], *texts[1]])

    def token_ids(self):
        """Ids of every token of the texts."""
        return distinct_ids(self.sequences)

    def draw(self, start, count, seed):
        """Shuffled epochs."""
        return epoch_rows(self.size, start, count, seed)

    def loss(self, rows, generator):
        """The mean squared distance of pairs, and how close all texts are to one another."""
        places = np.concatenate([rows, rows + self.size])
        sequences = [self.sequences[place] for place in places]
        vectors = unit(batch_vectors(self.encoder, sequences, self.options))
        first, second = vectors.chunk(2)
        aligned = (first - second).pow(2).sum(dim=1).mean()
        uniform = torch.pdist(vectors).pow(2).mul(-2).exp().mean().log()
        return StepLoss(aligned + self.form.uniformity * uniform, count_tokens(sequences))

    def dev_scores(self):
        """None: the task has no dev records."""
        return {}
