"""The head of image-text matching, and the task opened on an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from crosslift.encoders.load_encoder import Encoder
from crosslift.errors import EncoderError
from crosslift.forms.contrastive_losses import info_nce, unit
from crosslift.forms.cross_attention import CrossAttention, padded
from crosslift.forms.form import FormOptions, Rows, Split, StepLoss
from crosslift.forms.forward import batch_states, count_tokens
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
        seed: of the weights.
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
        states, batch = batch_states(self.encoder, sequences, locked=self._options.text_locked)
        texts = unit(self.encoder.pool(states, batch))
        features = self.pictures.features(self.head, rows, generator)
        images = unit(self.head.picture_vectors(features))
        same, scale = self.pictures.alike(rows), self.head.scale
        contrast = info_nce(images, texts, same, scale) + info_nce(texts, images, same, scale)
        places, is_token = padded(batch)
        tokens = states.float()[places.to(states.device)]
        is_token = is_token.to(states.device)
        matching = self._matching(
            tokens, is_token, self.head.project(features), texts @ images.T, same
        )
        loss = contrast / 2 + self.form.matching_weight * matching
        return StepLoss(loss, count_tokens(sequences))

    def _matching(
        self, tokens: Tensor, is_token: Tensor, patches: Tensor, cosines: Tensor, same: Tensor
    ) -> Tensor:
        """Cross-entropy of each right pair, and of the text and the picture with a wrong partner."""
        indices = torch.arange(len(tokens), device=tokens.device)
        scores = (cosines * self.head.scale).detach()
        wrong_pictures, texts = hard_negatives(scores, same)
        wrong_texts, pictures = hard_negatives(scores.T, same.T)
        text_rows = torch.cat([indices, texts, wrong_texts])
        picture_rows = torch.cat([indices, wrong_pictures, pictures])
        scores_of_pairs = self.head.match(
            tokens[text_rows], is_token[text_rows], patches[picture_rows]
        )
        targets = torch.full((len(scores_of_pairs),), _WRONG, device=scores_of_pairs.device)
        targets[: len(indices)] = _RIGHT
        return torch.nn.functional.cross_entropy(scores_of_pairs, targets)


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
