"""The JSON of GET /client-config: what a web page has to know of this server."""

from __future__ import annotations

from pydantic import Field

from sightglass.api.schemas.base import Schema


class ClientLimits(Schema):
    max_file_size: int = Field(description="Bytes of one upload.")
    max_pixels: int
    formats: list[str]
    max_detections: int


class ClientLinks(Schema):
    """Where people find the other pages, as seen from a browser; null: not set."""

    docs: str | None
    mlflow: str | None
    grafana: str | None
    prometheus: str | None


class ClientConfig(Schema):
    version: str
    environment: str
    limits: ClientLimits
    links: ClientLinks
    keeps_images: bool = Field(description="Whether the pictures of predictions are kept.")
