"""The portable runtime: ONNX Runtime, one session for every input shape.

Normalisation is put into the graph with a few nodes, so that both runtimes take the same bytes.
"""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from sightglass.engine.letterbox import Pixels, Shape
from sightglass.engine.runtimes.protocol import Output
from sightglass.errors import ModelBundleError, SetupError

_INPUT = "sightglass_bgr"


class OnnxRuntime:
    """A model under ONNX Runtime. `target` is the full input, used when the model is dynamic."""

    name = "onnxruntime"

    def __init__(self, model: Path, target: Shape, *, precision: str, streams: int) -> None:
        if precision not in ("auto", "f32"):
            raise SetupError(
                f"INFERENCE_PRECISION={precision} needs ENGINE=openvino: "
                "ONNX Runtime runs the model in the precision that it was exported in."
            )
        self.version = str(onnxruntime.__version__)
        self.device = "CPU"
        self.precision = "f32"
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        # One thread of its own for each picture: nothing waits for its slowest part, so two
        # pictures on two cores are done sooner than by sharing both cores twice.
        self.streams = streams or cores or 1
        proto = _load(model)
        self.static_shape = _static_shape(proto)
        _add_normalisation(proto, self.static_shape)
        self._session = _session(proto, max(1, (cores or 1) // self.streams))
        self._free: queue.LifoQueue[_Request] = queue.LifoQueue()
        for _ in range(self.streams):
            self._free.put(_Request(self._session))
        self._target = self.static_shape or target

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The full input alone: a dynamic session takes every shape without compiling it."""
        return (self._target,)

    @contextmanager
    def lease(self, wanted: Shape) -> Iterator[_Request]:
        request = self._free.get()
        try:
            request.prepare(self.static_shape or wanted)
            yield request
        finally:
            self._free.put(request)

    def infer(self, batch: Pixels) -> list[Output]:
        with self.lease((batch.shape[1], batch.shape[2])) as request:
            if request.shape != batch.shape[1:3]:
                raise ValueError(f"the model takes {request.shape}, not {batch.shape[1:3]}")
            request.pixels[...] = batch[0]
            return request.run()

    def close(self) -> None:
        del self._session, self._free


class _Request:
    """A reused input buffer and the right to run the session once at a time."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._memory = np.empty(0, np.uint8)
        self._batch: Pixels = self._memory.reshape(0, 0, 0, 3)

    @property
    def shape(self) -> Shape:
        return self._batch.shape[1], self._batch.shape[2]

    @property
    def pixels(self) -> Pixels:
        pixels: Pixels = self._batch[0]
        return pixels

    def prepare(self, shape: Shape) -> None:
        size = shape[0] * shape[1] * 3
        if self._memory.size < size:
            self._memory = np.empty(size, np.uint8)
        self._batch = self._memory[:size].reshape(1, *shape, 3)

    def run(self) -> list[Output]:
        outputs = self._session.run(None, {_INPUT: self._batch})
        return [output.astype(np.float32, copy=False) for output in outputs]


def _load(path: Path) -> Any:
    try:
        model = onnx.load(path)
    except Exception:  # protobuf raises its own, undocumented classes
        raise ModelBundleError(f"{path} is not an ONNX file, or is damaged.") from None
    initial = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in initial]
    if len(inputs) != 1 or len(inputs[0].type.tensor_type.shape.dim) != 4:
        raise ModelBundleError(f"{path} does not take one batch of pictures.")
    batch, channels = inputs[0].type.tensor_type.shape.dim[:2]
    if batch.dim_value not in (0, 1):
        raise ModelBundleError(f"{path} was exported for a fixed batch: export it with batch=1.")
    if channels.dim_value not in (0, 3):
        raise ModelBundleError(f"{path} does not take pictures of three channels.")
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    return model


def _static_shape(model: Any) -> Shape | None:
    height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[2:])
    return (height, width) if height and width else None


def _add_normalisation(model: Any, shape: Shape | None) -> None:
    """Put nodes before the model that turn uint8 NHWC BGR into 0..1 RGB NCHW of its own type."""
    graph = model.graph
    name, kind = graph.input[0].name, graph.input[0].type.tensor_type.elem_type
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([2, 1, 0], np.int64), "sightglass_rgb"),
            numpy_helper.from_array(np.array(255, dtype), "sightglass_255"),
        ]
    )
    nodes = [
        helper.make_node("Transpose", [_INPUT], ["sightglass_nchw"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "Gather", ["sightglass_nchw", "sightglass_rgb"], ["sightglass_u8"], axis=1
        ),
        helper.make_node("Cast", ["sightglass_u8"], ["sightglass_float"], to=kind),
        helper.make_node("Div", ["sightglass_float", "sightglass_255"], [name]),
    ]
    for place, node in enumerate(nodes):
        graph.node.insert(place, node)
    height, width = shape or ("height", "width")
    del graph.input[:]
    graph.input.append(
        helper.make_tensor_value_info(_INPUT, TensorProto.UINT8, [1, height, width, 3])
    )


def _session(model: Any, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the cores from decoding and HTTP between two pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception:  # the binding raises a different class per status code
        raise ModelBundleError("ONNX Runtime cannot load the model.") from None
