"""Runtimes: what executes the network. `open_runtime` imports only the one that is asked for."""

from __future__ import annotations

from pathlib import Path

from sightglass.engine.letterbox import Shape
from sightglass.engine.runtimes.protocol import Runtime
from sightglass.errors import SetupError


def open_runtime(
    engine: str,
    model: Path,
    target: Shape,
    *,
    precision: str,
    streams: int,
    max_shapes: int,
) -> Runtime:
    """Load an ONNX file. `target` is the full input, used when the model is dynamic."""
    if engine == "openvino":
        from sightglass.engine.runtimes.openvino import OpenVinoRuntime

        return OpenVinoRuntime(
            model, target, precision=precision, streams=streams, max_shapes=max_shapes
        )
    if engine == "onnxruntime":
        from sightglass.engine.runtimes.onnxruntime import OnnxRuntime

        return OnnxRuntime(model, target, precision=precision, streams=streams)
    raise SetupError(f"ENGINE={engine} is not known: openvino or onnxruntime.")
