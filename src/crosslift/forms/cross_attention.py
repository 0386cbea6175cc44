"""Texts that attend to pictures: one layer of cross-attention from tokens to patches."""

from __future__ import annotations

import torch
from torch import Tensor

from crosslift.encoders.packing import PackedBatch
from crosslift.forms.forward import first_tokens

_WIDTH_OF_A_HEAD = 64


class CrossAttention(torch.nn.Module):
    """One pre-norm layer in which the states of tokens attend to the states of a picture's patches.

    Its output starts at zero, so that the states are those of the text alone at first.

    Args:
        width: D of texts and pictures.

    Source: Vaswani et al. 2017 (arXiv 1706.03762), section 3.2; in image-text models: Li et al.
    2021 (arXiv 2107.07651), section 3.1; the zero start: Alayrac et al. 2022 (arXiv 2204.14198),
    section 2.2.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        heads = max(1, width // _WIDTH_OF_A_HEAD)
        if width % heads:
            heads = 1
        self.text_norm = torch.nn.LayerNorm(width)
        self.picture_norm = torch.nn.LayerNorm(width)
        self.attend = torch.nn.MultiheadAttention(width, heads, batch_first=True)
        self.gate = torch.nn.Parameter(torch.zeros(width))

    def forward(self, texts: Tensor, pictures: Tensor) -> Tensor:
        """Maps states of N texts [N, L, D] and of N pictures [N, P, D] to [N, L, D].

        Padded tokens change too; the caller must leave them out.
        """
        patches = self.picture_norm(pictures)
        attended, _ = self.attend(self.text_norm(texts), patches, patches, need_weights=False)
        changed: Tensor = texts + self.gate * attended
        return changed


def padded(batch: PackedBatch, width: int | None = None) -> tuple[Tensor, Tensor]:
    """Positions of the tokens of packed texts, one row per text, in the caller's order.

    Args:
        batch: N packed texts, T tokens.
        width: L; None: the length of the longest text.

    Returns:
        Positions in the flat tokens, int64 [N, L], with a short text's last token repeated at its end;
        and a mask of the tokens, bool [N, L].
    """
    lengths = torch.cat([torch.full((block.count,), block.length) for block in batch.blocks])
    lengths = lengths[batch.inverse.cpu()][:, None]
    steps = torch.arange(width or int(lengths.max()))[None, :]
    starts = first_tokens(batch).cpu()[:, None]
    return starts + torch.minimum(steps, lengths - 1), steps < lengths
