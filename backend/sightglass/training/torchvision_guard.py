"""The one door to ultralytics: offline, and able to stand a torchvision built for another torch.

A torchvision for CUDA beside a torch for CPU fails to import with "operator torchvision::nms does
not exist". It is a common mismatch; nothing here needs more of torchvision than its Python part.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from sightglass.errors import HeavyRequirementsError

_OFFLINE = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false"}
# Its own reporters; training here reports by itself.
_REPORTERS = ("sync", "hub", "mlflow", "clearml", "comet", "dvc", "neptune", "raytune", "wandb")

_libraries: list[Any] = []  # a torch.library.Library undoes its definitions when it is dropped


def require_heavy() -> None:
    """Raise `HeavyRequirementsError` unless torch and ultralytics are installed; imports none."""
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        raise HeavyRequirementsError


def import_ultralytics() -> ModuleType:
    """ultralytics, set so that it installs nothing and asks no host. Raises
    `HeavyRequirementsError` when it is not installed.
    """
    require_heavy()
    for name, value in _OFFLINE.items():
        os.environ.setdefault(name, value)
    import_torchvision()
    ultralytics = importlib.import_module("ultralytics")
    settings = importlib.import_module("ultralytics.utils").SETTINGS
    for name in _REPORTERS:
        if name in settings:
            dict.__setitem__(settings, name, False)  # for this process; its own setter saves it
    return ultralytics


def import_torchvision() -> None:
    """Import torchvision; where its compiled operators do not fit torch, do without them."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _import_without_operators()


def _import_without_operators() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    library = importlib.import_module("torch").library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)
    operators: Any = importlib.import_module("torchvision.ops")
    operators.nms = importlib.import_module("ultralytics.utils.nms").TorchNMS.nms
