"""The temperature of an encoder's own contrastive training."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosslift.encoders.training_temperature import training_temperature


@pytest.mark.parametrize(
    "name",
    [
        "embedded",
        "intfloat/multilingual-e5-base",
        "intfloat/e5-large-v2",
        "models/multilingual-e5-small",
    ],
)
def test_an_e5_encoder_was_trained_at_a_hundredth(name: str) -> None:
    assert training_temperature(name) == 0.01


@pytest.mark.parametrize(
    "name",
    [
        "xlm-roberta-base",
        "intfloat/e5-mistral-7b-instruct",
        "sentence-transformers/LaBSE",
        "./better",
    ],
)
def test_others_are_not_known(name: str) -> None:
    assert training_temperature(name) is None


@pytest.mark.parametrize(
    ("base", "temperature"),
    [("intfloat/multilingual-e5-small", 0.01), ("FacebookAI/xlm-roberta-base", None)],
)
def test_an_exported_encoder_has_that_of_the_base_in_its_card(
    tmp_path: Path, base: str, temperature: float | None
) -> None:
    (tmp_path / "README.md").write_text(
        f"---\nbase_model: {base}\n---\n# better\n", encoding="utf-8"
    )
    assert training_temperature(str(tmp_path)) == temperature
