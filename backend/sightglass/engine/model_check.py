"""A look at a freshly loaded model: does it run, and is its head what the bundle says?"""

from __future__ import annotations

import numpy as np

from sightglass.engine.bundle import Head, ModelBundle
from sightglass.engine.letterbox import Shape
from sightglass.engine.runtimes.protocol import Output, Runtime
from sightglass.engine.types import Task
from sightglass.errors import ModelBundleError


def checked_rows(bundle: ModelBundle, runtime: Runtime, target: Shape) -> int:
    """Run a blank picture and see that the head looks as the bundle says; its rows if END2END."""
    try:
        outputs = runtime.infer(np.zeros((1, *target, 3), np.uint8))
    except Exception as error:  # whatever the runtime raises, the model cannot be served
        raise ModelBundleError(f"The model {bundle.name} does not run: {error}") from error
    expected = 2 if bundle.task is Task.SEGMENT else 1
    if len(outputs) < expected or not _fits(outputs, bundle):
        shapes = ", ".join(str(output.shape) for output in outputs)
        raise ModelBundleError(
            f"The outputs of {bundle.name}, {shapes}, are not those of a {bundle.task} model with "
            f"{len(bundle.classes)} classes and a head {bundle.head}."
        )
    return outputs[0].shape[1] if bundle.head is Head.END2END else 0


def _fits(outputs: list[Output], bundle: ModelBundle) -> bool:
    first, classes = outputs[0].shape, len(bundle.classes)
    masks = outputs[1].shape[1] if bundle.task is Task.SEGMENT else 0
    if bundle.head is Head.CLASSIFY:
        return bool(first == (1, classes))
    if len(first) != 3:
        return False
    if bundle.head is Head.END2END:
        return bool(first[2] == 6 + masks)
    return bool(first[1] == 4 + classes + masks)
