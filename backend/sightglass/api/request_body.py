"""The body of an upload in the OpenAPI document."""

from __future__ import annotations

from typing import Any

_BINARY = {"type": "string", "format": "binary"}
_SMALLEST = (  # a grey PNG of 8 x 8 pixels
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAH0lEQVQIHSXBsQEAAACCIP3a8xsC44wz"
    "zjjjjDPOuAGVrAPJAg/yzAAAAABJRU5ErkJggg=="
)
IMAGE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One image: JPEG, PNG, WebP, BMP or TIFF.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": _BINARY},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {
                            "type": "string",
                            "contentEncoding": "base64",
                            "description": "Base64, with or without a data: URL before it.",
                        }
                    },
                },
                "example": {"image": _SMALLEST},
            },
            **{
                f"image/{name}": {"schema": _BINARY}
                for name in ("jpeg", "png", "webp", "bmp", "tiff")
            },
        },
    }
}
