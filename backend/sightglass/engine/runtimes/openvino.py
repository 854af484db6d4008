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

import openvino
from openvino import properties

from sightglass.engine.letterbox import Pixels, Shape
from sightglass.engine.runtimes import openvino_graph as graph
from sightglass.engine.runtimes.protocol import Output
from sightglass.engine.shapes import ShapeCache

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
        self._model = graph.read(self._core, model)
        self.static_shape = graph.fix_static_shape(self._model)
        if self.static_shape is None:
            self._model.reshape([1, 3, -1, -1])
        graph.gather_instead_of_slice(self._model)
        graph.keep_boxes_precise(self._model)
        self._graph = graph.with_normalisation(self._model)
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
        model = self._graph.clone()
        if self.static_shape is None:
            model.reshape([1, *shape, 3])
        return _Compiled(self._core.compile_model(model, self.device, self._config), shape)


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


def _config(precision: str, streams: int) -> dict[str, Any]:
    config: dict[str, Any] = {
        properties.hint.performance_mode(): properties.hint.PerformanceMode.THROUGHPUT
    }
    if precision != "auto":
        config[properties.hint.inference_precision()] = _PRECISIONS[precision]
    if streams:
        config[properties.num_streams()] = streams
    return config
