"""Requests made up from the OpenAPI document: none may be answered with a server's error, and
every answer must be one that the document foretells.
"""

from __future__ import annotations

import schemathesis
