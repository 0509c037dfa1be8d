"""Photos that come in: read for what they are, cleaned of what they tell, and bounded."""

import contextlib
import io
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from services.order.api.uploads import SIDE_MAX, clean
from services.order.domain.evidence import PhotoInvalid
from tests.services.order.works import picture


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_of_three_kinds_becomes_a_jpeg(kind: str) -> None:
    photo = clean(picture((80, 60), kind))

    assert opened(photo.content).format == "JPEG"
    assert (photo.width, photo.height) == (80, 60)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_other_kinds_are_refused_whatever_they_are_called(kind: str) -> None:
    with pytest.raises(PhotoInvalid):
        clean(picture((64, 64), kind))


def test_what_the_camera_noted_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETMAKER"
    exif[0x8825] = {1: "N", 2: (22.0, 17.0, 1.0), 3: "E", 4: (114.0, 9.0, 1.0)}
    sent = picture((80, 60), exif=exif, comment=b"SECRETCOMMENT", xmp=b"<x>SECRETXMP</x>")
    kept = clean(sent).content

    assert all(word in sent for word in (b"SECRETMAKER", b"SECRETCOMMENT", b"SECRETXMP"))
    assert b"SECRET" not in kept
    assert b"Exif" not in kept
    assert dict(opened(kept).getexif()) == {}


def test_words_in_a_png_are_gone_too() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "SECRETAUTHOR")
    assert b"SECRET" not in clean(picture((80, 60), "PNG", pnginfo=words)).content


def test_a_picture_taken_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # A quarter turn.
    photo = clean(picture((80, 60), exif=exif))

    assert (photo.width, photo.height) == (60, 80)


def test_a_large_picture_is_scaled_down() -> None:
    photo = clean(picture((4000, 1000)))

    assert (photo.width, photo.height) == (SIDE_MAX, SIDE_MAX // 4)


def test_transparency_and_palettes_are_no_obstacle() -> None:
    for mode in ("RGBA", "P", "LA", "L", "1", "I;16", "CMYK"):
        out = io.BytesIO()
        kind = "JPEG" if mode == "CMYK" else "PNG"
        Image.new(mode, (64, 64)).save(out, kind)
        assert clean(out.getvalue()).width == 64


def test_the_same_picture_has_the_same_hash_and_another_has_another() -> None:
    sent = picture()
    assert clean(sent) == clean(sent)
    assert clean(sent).sha256 != clean(picture()).sha256


def _bomb(side: int) -> bytes:
    """A PNG that claims a huge size in few bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [6_400, 9_000, 50_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(PhotoInvalid):
        clean(_bomb(side))


def test_a_speck_is_refused() -> None:
    with pytest.raises(PhotoInvalid):
        clean(picture((31, 400)))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["JPEG", "PNG", "WEBP"]))
def test_whatever_is_broken_is_a_refusal_and_nothing_else(junk: bytes, at: int, kind: str) -> None:
    sent = picture((40, 40), kind)
    for broken in (junk, sent[:at], sent[:at] + junk + sent[at + len(junk) :]):
        with contextlib.suppress(PhotoInvalid):
            assert clean(broken).width > 0
