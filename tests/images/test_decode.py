from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import transformers
from PIL import Image

from crosslift.errors import DataError
from crosslift.images.decode import load_picture
from crosslift.images.preparation import preparation_of
from crosslift.sources.pictograms import load_concepts
from crosslift.sources.picture import FilePart

RED, WHITE = [255, 0, 0], [255, 255, 255]


def svg(body: str, attributes: str = 'width="20" height="20"') -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f"{attributes}>{body}</svg>"
    )


RED_RECTANGLE = '<rect width="100%" height="100%" fill="#ff0000"/>'


def save(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP", "JPEG", "AVIF"])
def test_wide_pictures_are_padded_with_white(tmp_path: Path, form: str) -> None:
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(form, {})
    path = tmp_path / "picture.bin"  # the content decides the type
    save(path, Image.new("RGB", (40, 20), "red"), format=form, **options)
    array = load_picture(path, 8)
    assert array.shape == (8, 8, 3) and array.dtype == np.uint8
    assert array[0, 4].tolist() == array[7, 4].tolist() == WHITE
    assert np.abs(array[3, 4].astype(int) - RED).max() <= 2


def test_tall_and_tiny_pictures(tmp_path: Path) -> None:
    tall = load_picture(save(tmp_path / "tall.png", Image.new("RGB", (5, 10), "red")), 8)
    assert tall[4, 0].tolist() == tall[4, 7].tolist() == WHITE
    assert tall[4, 3].tolist() == RED
    one = load_picture(save(tmp_path / "one.png", Image.new("RGB", (1, 1), "red")), 3)
    assert (one == np.array(RED)).all()
    line = load_picture(save(tmp_path / "line.png", Image.new("RGB", (400, 1), "red")), 4)
    assert (line == np.array(RED)).all(axis=2).any(axis=1).sum() == 1


def test_same_size_is_copied_exactly(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    assert (load_picture(save(tmp_path / "a.png", Image.fromarray(pixels)), 6) == pixels).all()


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("RGBA", (255, 0, 0, 255), RED),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (0, 0, 0, 51), [204, 204, 204]),
        ("LA", (0, 0), WHITE),
        ("L", 100, [100, 100, 100]),
        ("1", 1, WHITE),
        ("I;16", 40_000, [156, 156, 156]),
    ],
)
def test_modes_of_png(tmp_path: Path, mode: str, color: object, expected: list[int]) -> None:
    picture = Image.new(mode, (4, 4), color)  # type: ignore[arg-type]
    array = load_picture(save(tmp_path / "a.png", picture), 4)
    assert (array == np.array(expected)).all()


def test_palette_with_transparency(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.putpixel((0, 0), 0)
    array = load_picture(save(tmp_path / "a.png", picture, transparency=0), 4)
    assert array[0, 0].tolist() == WHITE and array[3, 3].tolist() == RED


def test_cmyk_jpeg(tmp_path: Path) -> None:
    picture = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    array = load_picture(save(tmp_path / "a.jpg", picture, quality=95), 4)
    assert np.abs(array.astype(int) - RED).max() <= 3


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (load_picture(path, 4) == np.array(RED)).all()


def test_orientation_tag_is_followed(tmp_path: Path) -> None:
    picture = Image.new("RGB", (32, 32), "white")
    picture.paste("red", (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 3  # turned upside down
    array = load_picture(save(tmp_path / "a.jpg", picture, exif=exif, quality=95), 4)
    assert array[0, 0].min() > 240 and array[3, 0][1] < 15


def test_large_jpeg_is_reduced_well(tmp_path: Path) -> None:
    picture = Image.new("RGB", (1600, 1600), "white")
    picture.paste("red", (0, 0, 800, 1600))
    array = load_picture(save(tmp_path / "a.jpg", picture), 8)
    assert np.abs(array[:, 0].astype(int) - RED).max() <= 3
    assert array[:, 7].min() >= 250


def test_svg_on_white_keeps_its_aspect(tmp_path: Path) -> None:
    path = tmp_path / "drawing.png"  # the content decides the type
    path.write_text(svg(RED_RECTANGLE, 'viewBox="0 0 40 20"'), encoding="utf-8-sig")
    array = load_picture(path, 8)
    assert array[0, 4].tolist() == WHITE and array[3, 4].tolist() == RED
    path.write_text(svg("", 'width="10mm" height="2cm"'))
    assert (load_picture(path, 4) == 255).all()


def test_svg_with_inner_references_and_data(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "red").save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    body = (
        '<defs><linearGradient id="g"/></defs><rect width="1" height="1" fill="url(#g)"/>'
        f'<image width="20" height="20" xlink:href="data:image/png;base64,{data}"/>'
        '<use href="#g"/>'
    )
    path = tmp_path / "a.svg"
    path.write_text(svg(body))
    assert load_picture(path, 4)[2, 2].tolist() == RED


@pytest.mark.parametrize(
    ("body", "reference"),
    [
        ('<image href="https://example.org/a.png"/>', "https://example.org/a.png"),
        ('<image xlink:href="file:///etc/passwd"/>', "file:///etc/passwd"),
        ('<image href="other.png"/>', "other.png"),
        ('<use href="other.svg#part"/>', "other.svg#part"),
        ('<image href="data:image/svg+xml,%3Csvg/%3E"/>', "data:image/svg"),
        ('<rect fill="url(https://example.org/#a)"/>', "https://example.org/#a"),
        ("<rect style=\"fill: url( 'x.svg#a' )\"/>", "x.svg#a"),
        ("<style>rect { fill: url(http://example.org) }</style>", "http://example.org"),
        ("<style><![CDATA[@import 'a.css';]]></style>", "@import"),
        ('<g xml:base="http://example.org/"/>', "http://example.org/"),
        ('<?xml-stylesheet href="a.css"?>', "a.css"),
    ],
)
def test_svg_with_outer_references_raises(tmp_path: Path, body: str, reference: str) -> None:
    path = tmp_path / "outer.svg"
    path.write_text(svg(body))
    with pytest.raises(DataError) as caught:
        load_picture(path, 4)
    assert "outer.svg" in str(caught.value) and reference in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"), "document type declaration"),
        (svg("", 'width="100000" height="100000"'), "100000 x 100000"),
        (svg("", 'width="1e9in" height="1"'), "pixels"),
        (svg("", 'viewBox="0 0 1e6 1e6"'), "1e"),
        (svg("", 'width="0" height="5"'), "0 x 5"),
        ("<svg", "not valid XML"),
        ("<html/>", "<html>"),
        ("", "no known type"),
        ("plain text", "no known type"),
        ("<", "not valid XML"),
        (svg("", 'width="-5" height="5"'), "cannot be drawn"),
    ],
)
def test_svg_at_fault_raises(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "fault.svg"
    path.write_text(text)
    with pytest.raises(DataError, match=r"fault\.svg") as caught:
        load_picture(path, 4)
    assert message in str(caught.value)


def test_svg_that_is_not_utf8_raises(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(svg("").encode().replace(b"20", b"\xff\xfe"))
    with pytest.raises(DataError, match=r"a\.svg is not UTF-8"):
        load_picture(path, 4)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_truncated_pictures_raise(tmp_path: Path, form: str, share: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    path = tmp_path / "cut"
    path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * share)])
    with pytest.raises(DataError, match="cut"):
        load_picture(path, 8)


def test_too_many_pixels_raise(tmp_path: Path) -> None:
    path = save(tmp_path / "large.png", Image.new("1", (300, 200)))
    with pytest.raises(DataError, match=r"large\.png declares 300 x 200 = 60,000 pixels"):
        load_picture(path, 8, max_pixels=59_999)
    assert load_picture(path, 8, max_pixels=60_000).shape == (8, 8, 3)


def test_decompression_bomb_raises(tmp_path: Path) -> None:
    path = save(tmp_path / "bomb.png", Image.new("1", (20_000, 20_000)))
    with pytest.raises(DataError, match=r"bomb\.png"):
        load_picture(path, 8)


def test_missing_file_folder_and_size_raise(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png cannot be read"):
        load_picture(tmp_path / "gone.png", 8)
    with pytest.raises(DataError, match="cannot be read"):
        load_picture(tmp_path, 8)
    with pytest.raises(DataError, match="size 0"):
        load_picture(tmp_path / "gone.png", 0)


def test_a_type_of_no_use_raises(tmp_path: Path) -> None:
    path = save(tmp_path / "a.ppm", Image.new("RGB", (2, 2)))
    with pytest.raises(DataError, match=r"a\.ppm is of no known type\nExpected: PNG.*TIFF"):
        load_picture(path, 8)


@pytest.mark.parametrize("form", ["BMP", "TIFF"])
def test_bmp_and_tiff(tmp_path: Path, form: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(tmp_path / "a.jpg", Image.fromarray(pixels), format=form)
    assert (load_picture(path, 64) == pixels).all()
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(DataError, match=r"a\.jpg"):
        load_picture(path, 64)


def test_first_page_and_depth_of_tiff(tmp_path: Path) -> None:
    pages = [Image.new("CMYK", (4, 4), (0, 255, 255, 0)), Image.new("CMYK", (4, 4))]
    path = save(tmp_path / "a.tif", pages[0], save_all=True, append_images=pages[1:])
    assert (load_picture(path, 4) == np.array(RED)).all()
    deep = save(tmp_path / "deep.tif", Image.new("I;16", (4, 4), 40_000))
    assert (load_picture(deep, 4) == 156).all()
    for mode in ("F", "I"):
        path = save(tmp_path / f"{mode}.tif", Image.new(mode, (4, 4), 1))
        with pytest.raises(DataError, match=rf"{mode}\.tif has 32 bits a pixel"):
            load_picture(path, 4)


def test_background_is_around_the_picture_alone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", Image.new("RGBA", (40, 20), (0, 0, 0, 0)))
    array = load_picture(path, 8, background=127)
    assert (array[:2] == 127).all() and (array[6:] == 127).all()
    assert (array[2:6] == 255).all()  # what is transparent is white
    with pytest.raises(DataError, match="background 256"):
        load_picture(path, 8, background=256)


def test_crop_shows_the_middle(tmp_path: Path) -> None:
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste("red", (100, 0, 200, 100))
    array = load_picture(save(tmp_path / "a.png", picture), 50, fit="crop")
    assert np.abs(array[:, 2:-2].astype(int) - RED).max() == 0
    with pytest.raises(DataError, match="fit 'cover'"):
        load_picture(tmp_path / "a.png", 8, fit="cover")  # type: ignore[arg-type]


def test_crop_of_a_drawing_is_drawn_large_enough(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    body = '<rect x="15" width="10" height="10" fill="#ff0000"/>'
    path.write_text(svg(body, 'viewBox="0 0 40 10"'))
    array = load_picture(path, 64, fit="crop")
    assert (array[:, 2:-2] == np.array(RED)).all()
    path.write_text(svg("", 'width="1000000" height="1"'))
    with pytest.raises(DataError, match="too long a strip"):
        load_picture(path, 64, fit="crop")


def test_crop_of_a_long_strip_stays_small(tmp_path: Path) -> None:
    strip = np.zeros((2, 20_000, 3), np.uint8)
    strip[:, 9_990:10_010] = RED
    array = load_picture(save(tmp_path / "a.png", Image.fromarray(strip)), 32, fit="crop")
    assert array[16, 16].tolist() == RED


@pytest.mark.parametrize("shape", [(97, 61), (61, 97), (80, 80), (30, 41)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("ViTImageProcessorPil", {"size": {"height": 32, "width": 32}}),
        ("CLIPImageProcessorPil", {"size": {"shortest_edge": 32}, "crop_size": 32}),
        ("BitImageProcessorPil", {"size": {"shortest_edge": 37}, "crop_size": 32}),
        ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 32}}),
        ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 384}}),
        ("SiglipImageProcessorPil", {"size": {"height": 32, "width": 32}, "resample": 2}),
    ],
)
def test_published_pictures_are_those_of_transformers(
    tmp_path: Path, shape: tuple[int, int], kind: str, options: dict[str, object]
) -> None:
    processor = getattr(transformers, kind)(**options)
    processor.save_pretrained(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    path = save(tmp_path / "a.png", Image.fromarray(pixels))
    made = preparation_of(tmp_path)
    picture = load_picture(path, made.size, fit=made.framing)
    plain = processor(Image.open(path), do_rescale=False, do_normalize=False, return_tensors="np")
    expected = np.asarray(plain["pixel_values"][0]).transpose(1, 2, 0)
    assert picture.shape == expected.shape and (picture == expected).all()


def test_large_jpeg_is_reduced_before_a_crop(tmp_path: Path) -> None:
    rough = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(rough).resize((1600, 1200), Image.Resampling.BICUBIC)
    path = save(tmp_path / "a.jpg", picture, quality=95)
    exact = load_picture(save(tmp_path / "a.png", Image.open(path)), 64, fit="crop")
    difference = np.abs(load_picture(path, 64, fit="crop").astype(int) - exact.astype(int))
    assert difference.mean() < 1 and difference.max() < 12


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_hundred_megapixels_raise(tmp_path: Path) -> None:
    path = save(tmp_path / "vast.jpg", Image.new("L", (10_000, 10_000)))
    with pytest.raises(DataError, match=r"vast\.jpg declares 10000 x 10000 = 100,000,000 pixels"):
        load_picture(path, 64)


def test_part_of_a_larger_file(tmp_path: Path) -> None:
    data = save(tmp_path / "a.png", Image.new("RGB", (4, 4), "red")).read_bytes()
    shard = tmp_path / "shard.tar"
    shard.write_bytes(b"x" * 7 + data)
    assert (load_picture(FilePart(shard, 7, len(data), "a.png"), 4) == np.array(RED)).all()
    with pytest.raises(DataError, match=r"shard\.tar:b\.png is of no known type"):
        load_picture(FilePart(shard, 0, len(data), "b.png"), 4)


def test_every_sixtieth_pictogram_is_drawn() -> None:
    for concept in load_concepts()[::60]:
        array = load_picture(concept.picture, 32)
        assert array.shape == (32, 32, 3)
        assert len(np.unique(array.reshape(-1, 3), axis=0)) > 2, concept.id
