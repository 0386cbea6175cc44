"""Encoders that leave the tokens of their prompt out of the pooling (`include_prompt: false`): all
texts have one prompt, and its tokens are counted once. Loads no torch."""

from __future__ import annotations

from crosslift.encoders.encoder_folder import (
    EMBEDDED,
    folder_on_disk,
    own_use,
    prompt_of,
    prompts_of_sides,
)
from crosslift.encoders.encoder_settings import EncoderSettings, SidePrompts
from crosslift.errors import EncoderError


def second_prompt(prompt: str, own: str, encoder: object) -> EncoderError:
    """The error of a text with another prompt than the encoder's.

    Args:
        prompt: prompt of the text.
        own: prompt of the encoder.
        encoder: name or folder of the encoder.
    """
    return EncoderError(
        f"the prompt {prompt!r} of one side, where the encoder's is {own!r}: {encoder} leaves the "
        "tokens of its prompt out of the pooling",
        "one prompt for all texts",
        "write it as `prompt` of the encoder",
    )


def error_of_prompts(prompts: SidePrompts, settings: EncoderSettings) -> EncoderError | None:
    """The error of a side of training texts with a second prompt, if the encoder can have only one;
    else None. Nothing is downloaded: an encoder without local files is not checked.

    Args:
        prompts: prompts of the sides.
        settings: settings of the encoder.

    Raises:
        EncoderError: the encoder's files cannot be used.
        UnknownNameError: the files lack a prompt with that name.
    """
    if not prompts.side_prompts or settings.name == EMBEDDED:
        return None
    folder = folder_on_disk(settings)
    if folder is None or own_use(settings, folder).include_prompt:
        return None
    own = prompt_of(settings)
    texts = prompts_of_sides(prompts, settings).values()
    return next((second_prompt(text, own, settings.name) for text in texts if text != own), None)
