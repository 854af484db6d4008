"""The default runtime: OpenVINO on the CPU, one compiled model per input shape.

Normalisation is put into the graph with the PrePostProcessor, and as many infer requests are kept
as the plugin calls optimal; `infer` releases the GIL, so plain threads keep all cores busy.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops
from openvino import properties
from openvino.preprocess import ColorFormat, PrePostProcessor

from sightglass.engine.letterbox import Pixels, Shape
from sightglass.engine.runtimes.protocol import Output
from sightglass.engine.shapes import ShapeCache
from sightglass.errors import ModelBundleError

_PRECISIONS = {"f32": openvino.Type.f32, "bf16": openvino.Type.bf16, "f16": openvino.Type.f16}


class OpenVinoRuntime:
    """A model under OpenVINO. `target` is the full input, used when the model is dynamic."""

    name = "openvino"

    def __init__(
        self, model: Path, target: Shape, *, precision: str, streams: int, max_shapes: int
    ) -> None:
        self.version = str(openvino.__version__)
        self.device = "CPU"
        self._core = openvino.Core()
        self._model = _read(self._core, model)
        self.static_shape = _static_shape(self._model)
        if self.static_shape is None:
            self._model.reshape([1, 3, -1, -1])
        _keep_boxes_precise(self._model)
        self._graph = _with_normalisation(self._model)
        self._config = _config(precision, streams)
        self._cache: ShapeCache[_Compiled] = ShapeCache(
            self._compile, self.static_shape or target, max_shapes
        )
        first = self._cache.get(self._cache.square)[1]
        self.streams = first.requests
        self.precision = first.precision

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return self._cache.shapes

    @contextmanager
    def lease(self, wanted: Shape) -> Iterator[_Request]:
        compiled = self._cache.get(wanted)[1]
        request = compiled.free.get()
        try:
            yield request
        finally:
            compiled.free.put(request)

    def infer(self, batch: Pixels) -> list[Output]:
        with self.lease((batch.shape[1], batch.shape[2])) as request:
            if request.shape != batch.shape[1:3]:
                raise ValueError(f"shape {batch.shape[1:3]} is not compiled")
            request.pixels[...] = batch[0]
            return [output.copy() for output in request.run()]

    def close(self) -> None:
        del self._cache, self._graph, self._model

    def _compile(self, shape: Shape) -> _Compiled:
        graph = self._graph.clone()
        if self.static_shape is None:
            graph.reshape([1, *shape, 3])
        return _Compiled(self._core.compile_model(graph, self.device, self._config), shape)


class _Compiled:
    """A compiled model and its infer requests."""

    def __init__(self, compiled: Any, shape: Shape) -> None:
        self.requests = int(compiled.get_property(properties.optimal_number_of_infer_requests()))
        kind = compiled.get_property(properties.hint.inference_precision())
        self.precision = str(kind.get_type_name())
        # Last in, first out: the request that ran last has its buffers in the processor's cache.
        self.free: queue.LifoQueue[_Request] = queue.LifoQueue()
        for _ in range(self.requests):
            self.free.put(_Request(compiled.create_infer_request(), shape))


class _Request:
    """An infer request with views of its own input and output memory."""

    def __init__(self, request: Any, shape: Shape) -> None:
        self.shape = shape
        self._request = request
        self.pixels: Pixels = request.get_input_tensor(0).data[0]
        count = len(request.model_outputs)
        self._outputs = [request.get_output_tensor(index) for index in range(count)]

    def run(self) -> list[Output]:
        self._request.start_async()
        self._request.wait()
        return [tensor.data for tensor in self._outputs]


def _read(core: Any, path: Path) -> Any:
    try:
        model = core.read_model(path)
    except RuntimeError:
        raise ModelBundleError(f"OpenVINO cannot read {path}: is it an ONNX model?") from None
    if len(model.inputs) != 1 or model.inputs[0].partial_shape.rank.get_length() != 4:
        raise ModelBundleError(f"{path} does not take one batch of pictures.")
    batch, channels = model.inputs[0].partial_shape[0], model.inputs[0].partial_shape[1]
    if batch.is_static and batch.get_length() != 1:
        raise ModelBundleError(f"{path} was exported for a fixed batch: export it with batch=1.")
    if channels.is_static and channels.get_length() != 3:
        raise ModelBundleError(f"{path} does not take pictures of three channels.")
    return model


def _static_shape(model: Any) -> Shape | None:
    height, width = model.inputs[0].partial_shape[2], model.inputs[0].partial_shape[3]
    if height.is_dynamic or width.is_dynamic:
        return None
    model.reshape([1, 3, height.get_length(), width.get_length()])
    return height.get_length(), width.get_length()


def _keep_boxes_precise(model: Any) -> None:
    """Let boxes be decoded in float32 where the rest runs in bf16.

    The plugin keeps everything after the last convolution in float32. In YOLOv8 and 11 that last
    one is the fixed expectation over distance bins, so its result, in strides, would be rounded
    to a sixteenth: two pixels. As a product and a sum it is part of the precise tail (measured on
    YOLO11n: half the error of boxes, no time).
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Convolution":
            continue
        weights = node.input_value(1).get_node()
        if weights.get_type_name() != "Constant" or weights.output(0).shape[0] != 1:
            continue
        bins = weights.data
        if bins.shape[2:] != (1, 1) or not np.array_equal(bins.ravel(), np.arange(bins.size)):
            continue
        product = ops.multiply(node.input_value(0), ops.constant(bins.reshape(1, -1, 1, 1)))
        total = ops.reduce_sum(product, ops.constant(np.array([1])), keep_dims=True)
        node.output(0).replace(total.output(0))
    model.validate_nodes_and_infer_types()


def _with_normalisation(model: Any) -> Any:
    """uint8 NHWC BGR in; 0..1 RGB NCHW of the model's own type inside; float32 out."""
    wanted = model.inputs[0].element_type
    steps = PrePostProcessor(model)
    image = steps.input()
    image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    image.tensor().set_color_format(ColorFormat.BGR)
    image.model().set_layout(openvino.Layout("NCHW"))
    image.preprocess().convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB)
    image.preprocess().scale([255.0, 255.0, 255.0]).convert_element_type(wanted)
    for index in range(len(model.outputs)):
        steps.output(index).tensor().set_element_type(openvino.Type.f32)
    return steps.build()


def _config(precision: str, streams: int) -> dict[str, Any]:
    config: dict[str, Any] = {
        properties.hint.performance_mode(): properties.hint.PerformanceMode.THROUGHPUT
    }
    if precision != "auto":
        config[properties.hint.inference_precision()] = _PRECISIONS[precision]
    if streams:
        config[properties.num_streams()] = streams
    return config
