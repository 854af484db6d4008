"""`python -m sightglass.cli`."""

from sightglass.cli import main

main()
