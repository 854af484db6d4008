"""Untrusted bytes to a checked frame: limits, sniffing, headers, decoding, request bodies.

Whatever a client sends, nothing but a `SightglassError` leaves this room.
"""

from sightglass.intake.appearance import quality
from sightglass.intake.bodies import Upload, display_name, parse_base64_json, parse_multipart
from sightglass.intake.decoding import Frame, decode
from sightglass.intake.headers import Header, inspect
from sightglass.intake.limits import FORMATS, IntakeLimits

__all__ = [
    "FORMATS",
    "Frame",
    "Header",
    "IntakeLimits",
    "Upload",
    "decode",
    "display_name",
    "inspect",
    "parse_base64_json",
    "parse_multipart",
    "quality",
]
