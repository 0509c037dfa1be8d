"""Photos on their way in: read from a multipart form, cleaned, and hashed.

The form is read here and not by the framework, which would swallow the body that the request's
fingerprint is made of; and a form's boundary is new each time, so the fingerprint is of its parts.
"""

import asyncio
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from PIL import Image, ImageOps
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile

from services.order.domain.evidence import (
    PHOTO_BYTES_MAX,
    EvidenceStage,
    Photo,
    PhotoInvalid,
    Shot,
)

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 40_000_000  # A small file may unfold to a picture that fills the memory.
SIDE_MIN, SIDE_MAX = 32, 2560  # Pixels; larger pictures are scaled down.
JPEG_QUALITY = 85
FIELDS_MAX = 8

_threads = ThreadPoolExecutor(2, thread_name_prefix="photos")


class EvidenceForm(BaseModel):
    """What a photo of a job shows."""

    model_config = ConfigDict(extra="forbid")

    stage: EvidenceStage
    angle: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")] = "general"
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lng: Annotated[float, Field(ge=-180, le=180)] | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo that came in, and the fingerprint of the request that brought it."""

    shot: Shot
    fingerprint: bytes


FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo", "stage"],
                    "properties": {
                        "photo": {
                            "type": "string",
                            "format": "binary",
                            "description": "JPEG, PNG or WebP, 5 MB at most.",
                        },
                        "stage": {"type": "string", "enum": [*EvidenceStage]},
                        "angle": {
                            "type": "string",
                            "default": "general",
                            "pattern": "^[a-z][a-z0-9_]{1,39}$",
                            "description": "Before and after of one angle are compared; a photo"
                            " item of the checklist is answered by its code.",
                        },
                        "lat": {"type": "number", "minimum": -90, "maximum": 90},
                        "lng": {"type": "number", "minimum": -180, "maximum": 180},
                    },
                }
            }
        },
    }
}
"""The form for OpenAPI, which cannot see it in the route's signature."""


async def read_upload(request: Request) -> Upload:
    """The form's photo, clean. Raises PhotoInvalid, and what a malformed form raises."""
    try:
        fields, content = await _form(request)
    except UnicodeError as wrong:  # The charset that its header names cannot read it.
        raise PhotoInvalid(field="Content-Type", reason=f"charset: {wrong}") from None
    shown = _checked(fields)
    if len(content) > PHOTO_BYTES_MAX:
        raise PhotoInvalid(field="photo", reason=f"is over {PHOTO_BYTES_MAX} bytes")
    loop = asyncio.get_running_loop()
    photo = await loop.run_in_executor(_threads, clean, content)
    told = repr(sorted(fields.items())).encode()
    fingerprint = hashlib.sha256(told + hashlib.sha256(content).digest()).digest()
    shot = Shot(photo, shown.stage, shown.angle, shown.lat, shown.lng)
    return Upload(shot, fingerprint)


async def _form(request: Request) -> tuple[dict[str, Any], bytes]:
    async with request.form(max_files=1, max_fields=FIELDS_MAX) as form:
        file = form.get("photo")
        if not isinstance(file, UploadFile):
            raise PhotoInvalid(field="photo", reason="must be a file of a multipart form")
        return {name: value for name, value in form.items() if name != "photo"}, await file.read()


def _checked(fields: dict[str, Any]) -> EvidenceForm:
    try:
        return EvidenceForm.model_validate(fields)
    except ValidationError as fault:
        errors = [
            {**error, "loc": ("body", *error["loc"])}
            for error in fault.errors(include_url=False, include_input=False)
        ]
        raise RequestValidationError(errors) from None


def clean(content: bytes) -> Photo:
    """The picture upright, of sensible size, as a JPEG that holds nothing but the picture.

    What it is is read from its bytes, whatever its name claims. Raises PhotoInvalid.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            _check_size(*opened.size)
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # A large JPEG is unpacked scaled down.
            upright = ImageOps.exif_transpose(opened)
            picture = upright.convert("RGB")
        picture.thumbnail((SIDE_MAX, SIDE_MAX))
        picture.info = {}  # EXIF, XMP and comments; the encoder would copy some of them.
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=JPEG_QUALITY)
    except PhotoInvalid:
        raise
    except Exception as fault:  # A decoder may fail in any way on bytes that were made to break it.
        reason = "is not a JPEG, PNG or WebP picture"
        raise PhotoInvalid(field="photo", reason=reason) from fault
    kept = out.getvalue()
    return Photo(kept, *picture.size, hashlib.sha256(kept).hexdigest())


def _check_size(width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise PhotoInvalid(field="photo", reason=f"has over {PIXELS_MAX} pixels")
    if min(width, height) < SIDE_MIN:
        raise PhotoInvalid(field="photo", reason=f"is under {SIDE_MIN} pixels wide or high")
