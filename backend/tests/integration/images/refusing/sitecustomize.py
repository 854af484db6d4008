"""Python imports this module when it starts: what REFUSED_MODULES lists cannot be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

_REFUSED = frozenset(Path(os.environ["REFUSED_MODULES"]).read_text().split())


class Refusing:
    """First of all finders; names that it does not know are left to the others."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name in _REFUSED or name.partition(".")[0] in _REFUSED:
            raise ModuleNotFoundError(f"{name} is not in the serving image", name=name)
        return None


sys.meta_path.insert(0, Refusing)
