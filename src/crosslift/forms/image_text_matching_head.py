"""The head of image-text matching, and the task opened on an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import EncoderError
from crosslift.forms.contrastive_losses import unit
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import Sequences, batch_states, count_tokens
from crosslift.forms.heads import linear
from crosslift.forms.image_text_head import ImageTextHead, OpenImageText

if TYPE_CHECKING:
    from crosslift.forms.image_text_matching import ImageTextMatching

_RIGHT, _WRONG = 1, 0


class MatchingHead(ImageTextHead):
    """The contrastive head, cross-attention, and a linear output on the mean of the attended tokens.

    Args:
        form: the form.
        width: D of the shared space.
        seed: seed of the weights.
        features: see `PictureSide`.
    """

    def __init__(
        self, form: ImageTextMatching, width: int, seed: int, features: int | None = None
    ) -> None:
        super().__init__(form, width, seed, features)
        self.look = CrossAttention(width)
        torch.nn.init.ones_(self.look.gate)  # its output is the only input of the classifier
        self.output = linear(width, 2)

    def picture_vectors(self, features: Tensor) -> Tensor:
        """Maps patch states [N, P, W] to the shared space, [N, D]: the mean of the patches."""
        vectors: Tensor = self.project(features.mean(1))
        return vectors

    def match(self, texts: Tensor, is_token: Tensor, patches: Tensor) -> Tensor:
        """Scores of wrong and right, float32 [N, 2], of N texts with N pictures.

        Args:
            texts: states of tokens, [N, L, D].
            is_token: mask of the tokens, bool [N, L].
            patches: states of patches in the shared space, [N, P, D].
        """
        attended = self.look(texts, patches).masked_fill(~is_token[..., None], 0.0)
        scores: Tensor = self.output(attended.sum(1) / is_token.sum(1, keepdim=True))
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
        tokens, is_token, vectors = self._read(sequences)
        features = self.pictures.features(self.head, rows, generator)
        images, alike = self.head.picture_vectors(features), self._alike(rows)
        contrast = self._contrast(images, vectors, alike)
        pairs = self._pairs(unit(vectors) @ unit(images).T, alike)
        matching = self._matching(tokens, is_token, self.head.project(features), pairs, len(rows))
        return StepLoss(contrast + self.form.matching_weight * matching, count_tokens(sequences))

    def _read(self, sequences: Sequences) -> tuple[Tensor, Tensor, Tensor]:
        """States of the tokens of B texts in rows, float32 [B, L, D], which places have a token, bool
        [B, L], and the pooled vectors [B, D]. Of several ranks, each runs its share."""
        ranks, locked = self._options.ranks, self._options.text_locked
        lengths = [len(sequence) for sequence in sequences]
        share = ranks.balanced(lengths)
        states, batch = batch_states(self.encoder, sequences, locked=locked, share=share)
        count = len(share.mine)
        places, _ = padded(batch, max(lengths))
        tokens = ranks.gathered(states.float()[places.to(states.device)][:count], share)
        vectors = ranks.gathered(self.encoder.pool(states, batch)[:count], share)
        is_token = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        return tokens, is_token.to(states.device), vectors

    def _pairs(self, cosines: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
        """The texts and the pictures of all pairs that are judged, int64 [M] each: the B right ones,
        then texts with a wrong picture, then pictures with a wrong text. All ranks use the
        wrong partners that the first one draws."""
        indices = torch.arange(len(cosines), device=cosines.device)
        scores = (cosines * self.head.scale).detach()
        wrong_pictures, texts = hard_negatives(scores, same)
        wrong_texts, pictures = hard_negatives(scores.T, same.T)
        text_rows = torch.cat([indices, texts, wrong_texts])
        picture_rows = torch.cat([indices, wrong_pictures, pictures])
        both = self._options.ranks.of_the_first(torch.stack([text_rows, picture_rows]))
        return both[0], both[1]

    def _matching(
        self,
        tokens: Tensor,
        is_token: Tensor,
        patches: Tensor,
        pairs: tuple[Tensor, Tensor],
        right: int,
    ) -> Tensor:
        """Cross-entropy of the pairs; the first ones are right."""
        share = self._options.ranks.even(len(pairs[0]))
        texts, pictures = (each[share.span] for each in pairs)
        scores = self.head.match(tokens[texts], is_token[texts], patches[pictures])
        targets = torch.full((len(pairs[0]),), _WRONG, device=scores.device)
        targets[:right] = _RIGHT
        return share.of_mean(torch.nn.functional.cross_entropy(scores, targets[share.span]))


def hard_negatives(scores: Tensor, same: Tensor) -> tuple[Tensor, Tensor]:
    """One wrong candidate for each query, drawn by the softmax of the scores.

    Args:
        scores: float32 [B, B], scaled similarities.
        same: bool [B, B], true where a candidate is no negative of a query.

    Returns:
        Candidates int64 [M] and their queries int64 [M]. Queries whose candidates are all right are
        left out.
    """
    queries = torch.nonzero((~same).any(1))[:, 0]
    chances = scores.masked_fill(same, float("-inf"))[queries].softmax(1)
    if len(queries) == 0:
        return queries, queries
    return torch.multinomial(chances, 1)[:, 0], queries
