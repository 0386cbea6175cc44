"""Image-text matching with hard negatives mined in the batch, beside the contrastive loss they are
mined with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import DataError, EncoderError
from crosslift.forms.contrastive_losses import info_nce, unit
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import batch_states, count_tokens
from crosslift.forms.heads import linear
from crosslift.forms.image_text import ImageText, ImageTextHead, OpenImageText

_RIGHT, _WRONG = 1, 0


@dataclass(frozen=True, slots=True)
class ImageTextMatching(ImageText):
    """Tells whether a text belongs to a picture, with the wrong ones chosen for being close.

    | column | what it holds |
    |---|---|
    | ``text`` | what the picture shows, in words |
    | picture | the record's picture |

    The contrastive loss of `ImageText` (softmax) is part of it: its similarities give, for each text
    and each picture of a batch, one wrong partner, drawn with the probability that the softmax gives
    it. Tokens then look at patches through one layer of cross-attention, and what they find is told
    right or wrong.

    Args:
        matching_weight: of the matching loss, beside the contrastive one.

    Source: Li et al. 2021 (arXiv 2107.07651), section 3.2.
    """

    matching_weight: float = 1.0
    name: str = "image-text-matching"

    @property
    def patches(self) -> bool:
        """Tokens look at patches."""
        return True

    def head(self, width: int, seed: int, features: int | None = None) -> MatchingHead:
        """The form's head for a text encoder of this width; see `PictureSide`."""
        return MatchingHead(self, width, seed, features)

    def open(
        self, encoder: Encoder, train: Split, dev: Split, options: FormOptions
    ) -> OpenMatching:
        """Tokenises the texts and makes the head, seeded by the options.

        Raises:
            DataError: the loss is not the softmax, which negatives are mined with; no pictures.
        """
        if self.loss != "softmax":
            raise DataError(f"loss {self.loss!r} of image-text matching", "loss: softmax")
        return OpenMatching(self, encoder, train, dev, options)


class MatchingHead(ImageTextHead):
    """The contrastive head, cross-attention, and a linear output on the mean of what tokens find.

    Args:
        form: the form.
        width: D of the shared space.
        seed: of the weights.
        features: as of `PictureSide`.
    """

    def __init__(
        self, form: ImageTextMatching, width: int, seed: int, features: int | None = None
    ) -> None:
        super().__init__(form, width, seed, features)
        self.look = CrossAttention(width)
        torch.nn.init.ones_(self.look.gate)  # there is nothing else to tell right from wrong by
        self.output = linear(width, 2)

    def picture_vectors(self, features: Tensor) -> Tensor:
        """From patch states [N, P, W] to the shared space, [N, D]: the mean of the patches."""
        vectors: Tensor = self.project(features.mean(1))
        return vectors

    def match(self, texts: Tensor, kept: Tensor, patches: Tensor) -> Tensor:
        """Scores of wrong and right, float32 [N, 2], of N texts beside N pictures.

        Args:
            texts: states of tokens, [N, L, D].
            kept: where tokens are, bool [N, L].
            patches: states of patches in the shared space, [N, P, D].
        """
        seen = self.look(texts, patches).masked_fill(~kept[..., None], 0.0)
        scores: Tensor = self.output(seen.sum(1) / kept.sum(1, keepdim=True))
        return scores


class OpenMatching(OpenImageText):
    """Image-text matching opened on an encoder."""

    form: ImageTextMatching
    head: MatchingHead

    def __init__(
        self,
        form: ImageTextMatching,
        encoder: Encoder,
        train: Split,
        dev: Split,
        options: FormOptions,
    ) -> None:
        if encoder.width != encoder.state_width:
            raise EncoderError(
                f"{encoder.folder} gives vectors of {encoder.width}, its states are "
                f"{encoder.state_width} wide; matching compares both with pictures",
                "an encoder whose vectors are as wide as its states",
                "set `pooling` of the encoder to use it without the modules after its pooling",
            )
        super().__init__(form, encoder, train, dev, options)

    def loss(self, rows: Rows, generator: np.random.Generator) -> StepLoss:
        """The contrastive loss and, weighted, the mean cross-entropy of right and wrong pairs."""
        sequences = [self._sequences[row] for row in rows]
        states, batch = batch_states(self.encoder, sequences, locked=self._options.text_locked)
        texts = unit(self.encoder.pool(states, batch))
        features = self.pictures.features(self.head, rows, generator)
        images = unit(self.head.picture_vectors(features))
        same, scale = self.pictures.alike(rows), self.head.scale
        contrast = info_nce(images, texts, same, scale) + info_nce(texts, images, same, scale)
        places, kept = padded(batch)
        tokens = states.float()[places.to(states.device)]
        kept = kept.to(states.device)
        matching = self._matching(tokens, kept, self.head.project(features), texts @ images.T, same)
        loss = contrast / 2 + self.form.matching_weight * matching
        return StepLoss(loss, count_tokens(sequences))

    def _matching(
        self, tokens: Tensor, kept: Tensor, patches: Tensor, cosines: Tensor, same: Tensor
    ) -> Tensor:
        """Cross-entropy of each right pair, and of the text and the picture with a wrong partner."""
        own = torch.arange(len(tokens), device=tokens.device)
        scores = (cosines * self.head.scale).detach()
        of_texts, texts = hard_negatives(scores, same)
        of_pictures, pictures = hard_negatives(scores.T, same.T)
        text_rows = torch.cat([own, texts, of_pictures])
        picture_rows = torch.cat([own, of_texts, pictures])
        scores_of_pairs = self.head.match(tokens[text_rows], kept[text_rows], patches[picture_rows])
        wanted = torch.full((len(scores_of_pairs),), _WRONG, device=scores_of_pairs.device)
        wanted[: len(own)] = _RIGHT
        return torch.nn.functional.cross_entropy(scores_of_pairs, wanted)


def hard_negatives(scores: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """One wrong candidate for each query, drawn by the softmax of the scores.

    Args:
        scores: float32 [B, B], scaled similarities.
        same: bool [B, B], where a candidate is no negative of a query.

    Returns:
        Candidates int64 [M] and their queries int64 [M]; a query all of whose candidates are right
        has none.
    """
    queries = torch.nonzero((~same).any(1))[:, 0]
    chances = scores.masked_fill(same, float("-inf"))[queries].softmax(1)
    if len(queries) == 0:
        return queries, queries
    return torch.multinomial(chances, 1)[:, 0], queries
