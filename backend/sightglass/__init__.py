"""Sightglass: serve vision models, watch what they see, and improve them."""

__version__ = "0.1.0"
