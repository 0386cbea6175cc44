"""The tokenizer of a text encoder, and whether it fits the encoder's token table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import models, normalizers

from crosslift.errors import EncoderError
from crosslift.model_files.load_model import load_tokenizer
from crosslift.model_files.read_model import library_errors_explained


def load_padding_tokenizer(folder: Path, *, lower_case: bool = False) -> Any:
    """The tokenizer of a folder, with a pad token.

    Args:
        folder: folder of a model.
        lower_case: whether texts are lower-cased first.

    Raises:
        EncoderError: the folder has no working tokenizer.
    """
    tokenizer = load_tokenizer(folder)
    if tokenizer.pad_token_id is None:  # decoders have none; padding is masked by length anyway
        if tokenizer.eos_token_id is None:
            raise EncoderError(
                f"{folder}: the tokenizer has neither a pad token nor one for the end of a text",
                "a pad token in its files",
            )
        tokenizer.pad_token = tokenizer.eos_token
    if lower_case:
        lower_case_first(tokenizer, folder)
    return tokenizer


def lower_case_first(tokenizer: Any, folder: Path) -> None:
    """Makes a tokenizer lower-case every text first, unless it does so already.

    Raises:
        EncoderError: the tokenizer cannot be changed.
    """
    if tokenizer(_CAPITALS)["input_ids"] == tokenizer(_CAPITALS.lower())["input_ids"]:
        return
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise EncoderError(
            f"{folder} sets do_lower_case, which a tokenizer in Python does not support",
            "a tokenizer with the file tokenizer.json",
        )
    former = backend.normalizer
    steps: list[Any] = [] if former is None else [former]
    if isinstance(former, normalizers.Sequence):
        steps = [former[i] for i in range(len(former))]
    backend.normalizer = normalizers.Sequence([normalizers.Lowercase(), *steps])


_CAPITALS = " ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZÄÉΣД")


def check_vocabulary(tokenizer: Any, rows: int, folder: Path) -> None:
    """Checks that every token of the vocabulary has a row in the token table.

    Special tokens are left out: transformers adds some that a folder's files do not have, and texts
    rarely contain them (see `check_rows`).

    Raises:
        EncoderError: tokens were added and the table was not enlarged.
    """
    if _surely_fits(tokenizer, rows):
        return
    with library_errors_explained(folder, "has no usable tokenizer"):
        special = set(tokenizer.all_special_ids)
        most = max((i for i in tokenizer.get_vocab().values() if i not in special), default=-1) + 1
    if most > rows:
        raise EncoderError(
            f"{folder}: the tokenizer has {most} tokens, the token table {rows} rows",
            "a row for each token",
            "load the model with transformers, call `model.resize_token_embeddings(len(tokenizer))` "
            "and save both",
        )


def _surely_fits(tokenizer: Any, rows: int) -> bool:
    """Whether all ids are below the number of rows, where that is known without listing the vocabulary:
    for Unigram, which numbers its pieces without gaps."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None or not isinstance(backend.model, models.Unigram):
        return False
    pieces = backend.get_vocab_size(with_added_tokens=False)
    return bool(max([pieces - 1, *tokenizer.added_tokens_decoder]) < rows)


def tokenise(
    tokenizer: Any, folder: Path, rows: int, max_tokens: int, *columns: list[str]
) -> list[list[int]]:
    """Token ids of N texts, or of N pairs if there are two columns, with special tokens.

    Args:
        tokenizer: the tokenizer.
        folder: its folder, for messages.
        rows: number of rows of the token table.
        max_tokens: number of tokens to which longer sequences are cut.
        columns: the texts, with prompts.

    Raises:
        EncoderError: the tokenizer fails, or a token has no row.
    """
    with library_errors_explained(folder, "has a tokenizer that fails"):
        sequences: list[list[int]] = tokenizer(
            *columns,
            truncation=True,
            max_length=max_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
        )["input_ids"]
    sequences = [ids or [placeholder_token(tokenizer, folder)] for ids in sequences]
    if len(tokenizer) > rows:
        check_rows(sequences, rows, folder)
    return sequences


def placeholder_token(tokenizer: Any, folder: Path) -> int:
    """The token of a text for which the tokenizer returns no token.

    Raises:
        EncoderError: the tokenizer has no token for it.
    """
    for name in ("unk_token_id", "eos_token_id", "pad_token_id"):
        token = getattr(tokenizer, name, None)
        if token is not None:
            return int(token)
    raise EncoderError(
        f"{folder}: the tokenizer returns no token for some texts, such as an empty one, and has no "
        "unknown token",
        "texts with words",
    )


def check_rows(sequences: Iterable[Sequence[int]], rows: int, folder: Path) -> None:
    """Checks that every token that occurs has a row in the token table.

    Raises:
        EncoderError: a token has no row.
    """
    most = max(map(max, sequences), default=-1)
    if most >= rows:
        raise EncoderError(
            f"{folder}: a text contains the special token {most}, and the token table has {rows} rows",
            "texts without special tokens such as <mask>",
        )


def longest_sequence(tokenizer: Any) -> int | None:
    """The longest sequence that a tokenizer's files allow; None if they have no limit."""
    longest = tokenizer.model_max_length
    return int(longest) if isinstance(longest, int | float) and 0 < longest < _NO_LIMIT else None


_NO_LIMIT = 10**9  # transformers writes 10**30 for no limit
