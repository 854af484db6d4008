"""The body of an upload in the OpenAPI document, and examples of its answers."""

from __future__ import annotations

from typing import Any

_BINARY = {"type": "string", "format": "binary"}
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
                "example": {"image": "/9j/4AAQSkZJRgABAQAAAQABAAD/..."},
            },
            **{
                f"image/{name}": {"schema": _BINARY}
                for name in ("jpeg", "png", "webp", "bmp", "tiff")
            },
        },
    }
}
PREDICTION_EXAMPLE: dict[str, Any] = {
    "success": True,
    "prediction_id": "0199b2c4d5e67f8091a2b3c4d5e6f708",
    "detections": [
        {
            "box": {"x1": 22.9, "y1": 231.3, "x2": 805.0, "y2": 756.8},
            "class": 0,
            "name": "bus",
            "confidence": 0.873,
        }
    ],
    "num_instances": 1,
    "processing_time": 0.0214,
    "timings": {
        "receive": 0.41,
        "queue": 0.08,
        "decode": 4.2,
        "preprocess": 0.6,
        "inference": 15.1,
        "postprocess": 0.3,
    },
    "model": {"name": "street", "version": "1"},
    "image": {"width": 810, "height": 1080},
    "image_size": {"width": 810, "height": 1080},
}
TASK_EXAMPLE = {
    "task_id": "0199b2c4d5e67f8091a2b3c4d5e6f708",
    "status": "processing",
    "message": "The image is queued.",
}
