"""The command `crosslift word-pilot` and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crosslift.cli.options import Json, MaxTokensOption, Model, PrecisionOption, RevisionOption
from crosslift.encoders.kinds import Pooling

_Lexicon = Annotated[
    str,
    typer.Argument(
        metavar="LEXICON", help="A file of word pairs, or names:LANGUAGE (such as names:de)."
    ),
]
_Language = Annotated[
    str | None,
    typer.Option(
        "--language", metavar="CODE", help="Language of the words that are not English, such as sw."
    ),
]
_HiddenStates = Annotated[
    str | None,
    typer.Option(
        "--hidden-states",
        metavar="NUMBERS",
        help="Such as 0,2,4; 0 is the embedding output. Default: all.",
    ),
]
_Pooling = Annotated[
    Pooling | None,
    typer.Option(
        "--pooling",
        help="Default: as the model's own files say, else over the word's own tokens "
        "(mean_without_specials).",
    ),
]
_Prompt = Annotated[
    str,
    typer.Option(
        "--prompt",
        help="Text before every word. Default: none, since a common prompt raises every cosine.",
    ),
]
_MostPairs = Annotated[
    int,
    typer.Option(
        "--pairs", min=20, help="Most pairs; from more pairs, this number is drawn by the seed."
    ),
]
_Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the choice of pairs.")]
_Page = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write a page with the curves (.html)."),
]


def word_pilot(
    model: Model,
    lexicon: _Lexicon,
    language: _Language = None,
    hidden_states: _HiddenStates = None,
    pooling: _Pooling = None,
    prompt: _Prompt = "",
    pairs: _MostPairs = 1000,
    seed: _Seed = 0,
    max_tokens: MaxTokensOption = None,
    revision: RevisionOption = None,
    precision: PrecisionOption = "float32",
    out: _Page = None,
    json: Json = None,
) -> None:
    """Measure at which hidden states translated words are aligned, beyond anisotropy.

    At every hidden state, it prints the cosines of word pairs and of random pairs, and how many words
    retrieve their translation, with the vectors as they are and after centring each language.
    """
    from crosslift.cli import piloting
    from crosslift.encoders.encoder_settings import EncoderSettings

    encoder = EncoderSettings(
        name=model,
        revision=revision,
        pooling=pooling,
        prompt=prompt,
        max_tokens=max_tokens,
        precision=precision,
    )
    options = piloting.PilotOptions(
        lexicon, language, piloting.states_of(hidden_states), pairs, seed
    )
    piloting.show(encoder, options, out, json)
