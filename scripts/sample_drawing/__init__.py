"""Draws the sample pictures of the web interface: solids, light, a camera, and the scenes."""
