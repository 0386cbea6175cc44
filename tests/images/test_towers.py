from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers
from PIL import Image
from tiny_encoder import word_piece_tokenizer

from crosslift.errors import CrossLiftError, EncoderError, StudyError
from crosslift.images.decode import load_picture
from crosslift.images.preparation import preparation_of
from crosslift.images.tower_facts import fingerprint_of, preparation_for
from crosslift.images.towers import ImageTower, TowerSettings, open_text_tower, open_tower

CPU = torch.device("cpu")
SIZE = 32
LAYERS: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
VISION: dict[str, Any] = {**LAYERS, "image_size": SIZE, "patch_size": 8}
STAGES: dict[str, Any] = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 8, 8, 16]}
TEXT: dict[str, Any] = {**LAYERS, "vocab_size": 90, "max_position_embeddings": 12}


def clip_config() -> Any:
    ends = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    return transformers.CLIPConfig(
        text_config={**TEXT, **ends}, vision_config=VISION, projection_dim=10
    )


def siglip_config() -> Any:
    return transformers.SiglipConfig(text_config=TEXT, vision_config=VISION)


CONFIGS: dict[str, Callable[[], Any]] = {
    "vit": lambda: transformers.ViTConfig(**VISION),
    "dinov2": lambda: transformers.Dinov2Config(**VISION),
    "dinov2-registers": lambda: transformers.Dinov2WithRegistersConfig(
        **VISION, num_register_tokens=4
    ),
    "dinov3": lambda: transformers.DINOv3ViTConfig(**VISION, num_register_tokens=4),
    "dinov3-convnext": lambda: transformers.DINOv3ConvNextConfig(**STAGES),
    "convnext": lambda: transformers.ConvNextConfig(**STAGES),
    "convnextv2": lambda: transformers.ConvNextV2Config(**STAGES),
    "resnet": lambda: transformers.ResNetConfig(**STAGES, embedding_size=8),
    "clip": clip_config,
    "clip-vision": lambda: transformers.CLIPVisionConfig(**VISION),
    "siglip": siglip_config,
    "siglip-vision": lambda: transformers.SiglipVisionConfig(**VISION),
}
STATES = {
    "vit": (17, 1),
    "dinov2": (17, 1),
    "dinov2-registers": (21, 5),
    "dinov3": (21, 5),
    "dinov3-convnext": (2, 1),
    "convnext": (1, 0),
    "convnextv2": (1, 0),
    "resnet": (1, 0),
    "clip": (17, 1),
    "clip-vision": (17, 1),
    "siglip": (16, 0),
    "siglip-vision": (16, 0),
}
"""Kind -> how many states a picture of 32 pixels has, and how many come before its patches'."""


def make_folder(folder: Path, kind: str) -> Path:
    """A published folder of a tiny model: config.json, model.safetensors, preprocessor_config.json
    and, of models with texts, the tokenizer's files."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = transformers.AutoModel.from_config(CONFIGS[kind]())
        for parameter in model.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": SIZE, "width": SIZE},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.3, 0.4],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    if kind in ("clip", "siglip"):
        word_piece_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("towers")
    return {kind: make_folder(base / kind, kind) for kind in CONFIGS}


def some_pictures(size: int = SIZE, count: int = 3) -> Any:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def own_output(folder: Path, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Last states and pooled vector of the model itself."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        if hasattr(model, "vision_model"):
            output = model.get_image_features(pixel_values=pixels)
            return output.last_hidden_state, output.pooler_output
        output = model(pixel_values=pixels)
    pooled = output.pooler_output
    if model.config.model_type == "vit":  # its pooler is a head of pretraining
        pooled = output.last_hidden_state[:, 0]
    return output.last_hidden_state, pooled.flatten(1)


@pytest.mark.parametrize("kind", CONFIGS)
def test_states_and_vectors_are_the_model_s_own(folders: dict[str, Path], kind: str) -> None:
    settings = TowerSettings(str(folders[kind]), projected=kind in ("clip", "siglip"))
    tower = open_tower(settings, 0, CPU)
    assert isinstance(tower, ImageTower) and not tower.training
    pixels = tower.as_input(some_pictures(), CPU)
    with torch.inference_mode():
        states, vectors = tower.states(pixels), tower(pixels)
    expected_states, expected = own_output(folders[kind], pixels)
    if expected_states.ndim == 4:
        expected_states = expected_states.flatten(2).transpose(1, 2)
    assert torch.allclose(states, expected_states, atol=1e-5)
    assert torch.allclose(vectors, expected, atol=1e-5)
    assert vectors.std() > 1e-3
    assert (states.shape[1], tower.prefix) == STATES[kind]
    assert states.shape[2] == tower.width
    assert vectors.shape[1] == tower.pooled_width
    assert tower.picture_size == SIZE and tower.background == round(255 * 0.4)
    assert preparation_for(settings) == (SIZE, tower.framing, tower.background)


def test_pictures_are_normalised_by_the_model_s_own_numbers(folders: dict[str, Path]) -> None:
    tower = open_tower(TowerSettings(str(folders["vit"])), 0, CPU)
    pictures = some_pictures()
    expected = (pictures / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]
    inputs = tower.as_input(pictures, CPU)
    assert inputs.dtype == torch.float32
    assert np.allclose(inputs.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-5)
    pictures.flags.writeable = False  # such as a memory map
    assert torch.equal(tower.as_input(pictures, CPU), inputs)


def test_the_small_network_starts_from_its_seed() -> None:
    first, again, other = (
        open_tower(TowerSettings("convolutional"), seed, CPU) for seed in (1, 1, 2)
    )
    pixels = first.as_input(some_pictures(64), CPU)
    states = first.states(pixels)
    assert states.shape == (3, 16, 256) and first.width == first.pooled_width == 256
    assert torch.equal(first.pooled(states), states.mean(1))
    assert torch.equal(again(pixels), first(pixels)) and not torch.equal(
        other(pixels), first(pixels)
    )
    white = np.full((1, 64, 64, 3), first.background, np.uint8)
    assert (first.as_input(white, CPU) == 0).all()
    assert open_tower(TowerSettings("convolutional", picture_size=96), 1, CPU).picture_size == 96
    assert preparation_for(TowerSettings("convolutional"))[0] == 64


def test_opening_leaves_the_random_state_alone(folders: dict[str, Path]) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    open_tower(TowerSettings("convolutional"), 0, CPU)
    open_tower(TowerSettings(str(folders["vit"]), weights="random"), 0, CPU)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("kind", ["vit", "resnet", "clip", "siglip"])
def test_random_weights_come_from_the_seed_alone(folders: dict[str, Path], kind: str) -> None:
    published = TowerSettings(str(folders[kind]))
    random = replace(published, weights="random")
    pixels = open_tower(published, 0, CPU).as_input(some_pictures(), CPU)
    one, again, two = (open_tower(random, seed, CPU)(pixels) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.allclose(one, two)
    read = [open_tower(published, seed, CPU)(pixels) for seed in (1, 2)]
    assert torch.equal(read[0], read[1]) and not torch.allclose(read[0], one)


def test_random_weights_need_no_weights(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "vit", "vit")
    (folder / "model.safetensors").unlink()
    settings = TowerSettings(str(folder), weights="random")
    assert open_tower(settings, 0, CPU).width == 16
    with pytest.raises(EncoderError, match="has no weights"):
        open_tower(replace(settings, weights="published"), 0, CPU)


@pytest.mark.parametrize("kind", ["vit", "dinov2", "dinov3", "convnext", "clip", "siglip"])
def test_another_picture_size(folders: dict[str, Path], kind: str) -> None:
    settings = TowerSettings(str(folders[kind]), picture_size=64)
    tower = open_tower(settings, 0, CPU)
    vectors = tower(tower.as_input(some_pictures(64), CPU))
    assert tower.picture_size == 64 and vectors.shape == (3, 16)
    assert preparation_for(settings)[0] == 64
    if kind != "convnext":
        with pytest.raises(EncoderError, match="60 pixels") as caught:
            open_tower(replace(settings, picture_size=60), 0, CPU)
        assert caught.value.remedy == "picture_size: 56"


def test_gradients_reach_a_published_tower(folders: dict[str, Path]) -> None:
    tower = open_tower(TowerSettings(str(folders["clip"]), projected=True), 0, CPU)
    tower(tower.as_input(some_pictures(), CPU)).sum().backward()
    missing = [name for name, weight in tower.named_parameters() if weight.grad is None]
    assert missing == []
    assert not any("text_model" in name for name, _ in tower.named_parameters())


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_text_vectors_share_the_space_of_pictures(folders: dict[str, Path], kind: str) -> None:
    texts = ["a cat", "the dog is running over the hill and far away again", "x"] * 30
    tower = open_text_tower(str(folders[kind]))
    vectors = tower.vectors(texts)
    model = transformers.AutoModel.from_pretrained(folders[kind]).eval()
    how = {"padding": "max_length", "max_length": 12, "truncation": True, "return_tensors": "pt"}
    ids = word_piece_tokenizer()(texts[:3], **how)
    inputs = {"input_ids": ids["input_ids"]}
    if kind == "clip":
        inputs["attention_mask"] = ids["attention_mask"]
    with torch.inference_mode():
        expected = model.get_text_features(**inputs).pooler_output.numpy()
    assert np.allclose(vectors[:3], expected, atol=1e-5) and np.allclose(
        vectors[-3:], expected, atol=1e-5
    )
    pictures = open_tower(TowerSettings(str(folders[kind]), projected=True), 0, CPU)
    assert vectors.dtype == np.float32
    assert vectors.shape == (90, tower.width) and tower.width == pictures.pooled_width
    assert tower.vectors([]).shape == (0, tower.width)


def test_texts_are_lower_cased_where_the_tokenizers_file_says_so(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """SigLIP 2 was trained so; transformers reads the key for some classes of tokenizer alone."""
    folder = Path(shutil.copytree(folders["siglip"], tmp_path / "siglip"))
    texts = ["A Red Cat", "a red cat"]
    apart = open_text_tower(str(folder)).vectors(texts)
    assert not np.allclose(apart[0], apart[1], atol=1e-3)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"do_lower_case": True}))
    vectors = open_text_tower(str(folder)).vectors(texts)
    np.testing.assert_array_equal(vectors[0], vectors[1])
    np.testing.assert_allclose(vectors[1], apart[1], atol=1e-6)


def test_models_without_texts_are_refused(folders: dict[str, Path], bert_folder: Path) -> None:
    for folder in (folders["vit"], folders["clip-vision"], bert_folder):
        with pytest.raises(EncoderError, match="without a text half"):
            open_text_tower(str(folder))
    for kind in ("vit", "clip-vision", "siglip-vision"):
        with pytest.raises(EncoderError, match="no space shared with texts"):
            open_tower(TowerSettings(str(folders[kind]), projected=True), 0, CPU)


def test_models_without_pictures_are_refused(bert_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="'bert': no vision half"):
        open_tower(TowerSettings(str(bert_folder)), 0, CPU)
    transformers.Siglip2Config().save_pretrained(tmp_path / "naflex")
    with pytest.raises(EncoderError, match="NaFlex") as caught:
        open_tower(TowerSettings(str(tmp_path / "naflex"), weights="random"), 0, CPU)
    assert "siglip2-base-patch16-224" in str(caught.value.remedy)
    transformers.BeitConfig().save_pretrained(tmp_path / "beit")
    with pytest.raises(EncoderError, match="'beit': a vision model that is not supported"):
        open_tower(TowerSettings(str(tmp_path / "beit"), weights="random"), 0, CPU)


def test_settings_at_fault() -> None:
    with pytest.raises(StudyError, match="weights 'none'"):
        TowerSettings("convolutional", weights="none")  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="picture_size 4"):
        TowerSettings("convolutional", picture_size=4)
    with pytest.raises(StudyError, match="no space shared"):
        TowerSettings("convolutional", projected=True)


def test_fingerprints_follow_the_files(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "vit", "vit")
    settings = TowerSettings(str(folder))
    first, random = fingerprint_of(settings), fingerprint_of(replace(settings, weights="random"))
    assert first != random and first == fingerprint_of(settings)
    path = folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    weights[min(weights)] += 1
    safetensors.torch.save_file(weights, path, metadata={"format": "pt"})
    assert fingerprint_of(settings) != first
    assert fingerprint_of(replace(settings, weights="random")) == random
    config = folder / "preprocessor_config.json"
    config.write_text(config.read_text().replace("0.5", "0.6"))
    assert fingerprint_of(replace(settings, weights="random")) != random


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do_resize": False}, "not resized"),
        ({"rescale_factor": 1 / 127.5}, "rescale_factor"),
        ({"size": {"shortest_edge": 32}}, "without a crop"),
        ({"size": {"height": 32, "width": 16}}, "makes pictures of size"),
        ({"size": {"max_num_patches": 256}}, "fixed-resolution"),
        ({"do_center_crop": True, "crop_size": {"height": 8, "width": 9}}, "crops to"),
        ({"image_mean": None}, "image_mean None"),
        ({"image_std": [1]}, r"image_std \[1\]"),
    ],
)
def test_preparations_that_are_not_supported(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    config = {
        "size": {"height": 32, "width": 32},
        "image_mean": [0, 0, 0],
        "image_std": [1, 1, 1],
    } | change
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(config))
    with pytest.raises(CrossLiftError, match=message):
        preparation_of(tmp_path)


def test_preparations_of_older_and_newer_files(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="does not say how its pictures are made"):
        preparation_of(tmp_path)
    numbers = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    new = {"image_processor": {"size": {"height": 48, "width": 48}, **numbers}}
    (tmp_path / "processor_config.json").write_text(json.dumps(new))
    assert preparation_of(tmp_path).size == 48
    old = {"feature_extractor_type": "ViTFeatureExtractor", "size": 40, **numbers}
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(old))
    made = preparation_of(tmp_path)
    assert (made.size, made.framing.way, made.framing.resample) == (40, "stretch", "bilinear")
    crop = {
        "do_center_crop": True,
        "crop_size": 224,
        "feature_extractor_type": "CLIPFeatureExtractor",
    }
    path.write_text(json.dumps({**old, **crop, "size": 256}))
    made = preparation_of(tmp_path)
    assert (made.size, made.framing.way, made.framing.scale_to) == (224, "crop", 256)
    assert made.at(448).framing.scale_to == 512
    path.write_text("[]")
    with pytest.raises(EncoderError, match="is a list"):
        preparation_of(tmp_path)


TIMM_CONFIG: dict[str, Any] = {
    "architecture": "resnet10t",
    "num_classes": 4,
    "pretrained_cfg": {
        "input_size": [3, 64, 64],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    },
}
"""Of a folder as timm's save_for_hf writes it."""


def write_timm_config(folder: Path, **change: object) -> Path:
    config = {**TIMM_CONFIG["pretrained_cfg"], **change}
    (folder / "config.json").write_text(json.dumps({**TIMM_CONFIG, "pretrained_cfg": config}))
    return folder


def test_preparations_of_timm(tmp_path: Path) -> None:
    made = preparation_of(write_timm_config(tmp_path))
    assert (made.size, made.framing.way, made.framing.scale_to) == (64, "crop", 67)
    squashed = preparation_of(write_timm_config(tmp_path, crop_mode="squash", crop_pct=1.0))
    assert (squashed.framing.way, squashed.framing.scale_to) == ("stretch", 64)
    with pytest.raises(EncoderError, match="crop_mode 'border'"):
        preparation_of(write_timm_config(tmp_path, crop_mode="border"))
    with pytest.raises(EncoderError, match=r"takes \[3, 64, 32\]"):
        preparation_of(write_timm_config(tmp_path, input_size=[3, 64, 32]))


def test_without_timm_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    settings = TowerSettings(str(write_timm_config(tmp_path)), weights="random")
    with pytest.raises(EncoderError, match="timm cannot be imported") as caught:
        open_tower(settings, 0, CPU)
    assert "torchvision" in str(caught.value)


def timm_folder(timm: Any, folder: Path, name: str, **options: object) -> Path:
    torch.manual_seed(5)
    model = timm.create_model(name, pretrained=False, num_classes=4, **options)
    config = {"input_size": (3, 64, 64), "crop_pct": 0.95, "interpolation": "bicubic"}
    model.pretrained_cfg.update(config)
    timm.models.save_for_hf(model, folder, model_args=options or None, safe_serialization=True)
    return folder


@pytest.mark.parametrize(
    ("name", "options", "states"),
    [
        ("resnet10t", {}, (4, 0)),
        ("convnext_atto", {}, (4, 0)),
        ("vit_tiny_patch16_224", {"img_size": 64}, (17, 1)),
        ("swin_tiny_patch4_window7_224", {"img_size": 64, "window_size": 2}, (4, 0)),
    ],
)
def test_towers_of_timm(
    tmp_path: Path, name: str, options: dict[str, object], states: tuple[int, int]
) -> None:
    timm = pytest.importorskip("timm", reason="timm needs a torchvision of its PyTorch's build")
    folder = timm_folder(timm, tmp_path / "timm", name, **options)
    settings = TowerSettings(str(folder))
    tower = open_tower(settings, 0, CPU)
    pixels = tower.as_input(some_pictures(64), CPU)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0).eval()
    with torch.inference_mode():
        actual, vectors, expected = tower.states(pixels), tower(pixels), model(pixels)
    assert torch.allclose(vectors, expected, atol=1e-5) and vectors.std() > 1e-3
    assert (actual.shape[1], tower.prefix) == states
    assert actual.shape[2] == tower.width
    assert vectors.shape[1] == tower.pooled_width
    random = [open_tower(replace(settings, weights="random"), s, CPU)(pixels) for s in (1, 1, 2)]
    assert torch.equal(random[0], random[1]) and not torch.allclose(random[0], random[2])
    (folder / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="has no weights"):
        open_tower(settings, 0, CPU)


@pytest.mark.parametrize("shape", [(97, 130), (131, 97), (64, 64)])
def test_pictures_of_timm_are_its_own(tmp_path: Path, shape: tuple[int, int]) -> None:
    timm = pytest.importorskip("timm", reason="timm needs a torchvision of its PyTorch's build")
    made = preparation_of(write_timm_config(tmp_path))
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "a.png")
    data = timm.data.resolve_data_config(pretrained_cfg=TIMM_CONFIG["pretrained_cfg"])
    expected = timm.data.create_transform(**data, normalize=False)(picture).numpy()
    square = load_picture(tmp_path / "a.png", made.size, fit=made.framing)
    assert (square == expected.transpose(1, 2, 0)).all()
