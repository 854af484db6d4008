"""What is done to a network before OpenVINO compiles it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops
from openvino.preprocess import ColorFormat, PrePostProcessor

from sightglass.engine.letterbox import Shape
from sightglass.errors import ModelBundleError


def read(core: Any, path: Path) -> Any:
    """The network in an ONNX file. Raises `ModelBundleError` when it takes no pictures."""
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


def fix_static_shape(model: Any) -> Shape | None:
    """The one input shape of a model without dynamic sides, whose batch is then set to one."""
    height, width = model.inputs[0].partial_shape[2], model.inputs[0].partial_shape[3]
    if height.is_dynamic or width.is_dynamic:
        return None
    model.reshape([1, 3, height.get_length(), width.get_length()])
    return height.get_length(), width.get_length()


def gather_instead_of_slice(model: Any) -> None:
    """Make the heads without NMS of segmentation models compile.

    OpenVINO 2026.4 loses the slices that part boxes, scores and masks before `GatherElements` when
    a shape is fixed ("Shapes [1,525,39] and [1,300,4] are not consistent"); gathers it keeps.
    """
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Slice":
            continue
        users = {user.get_node().get_type_name() for user in node.output(0).get_target_inputs()}
        begin, end, axis = (_constant(node, index) for index in (1, 2, 4))
        if "GatherElements" not in users or begin is None or end is None or axis is None:
            continue
        size = node.output(0).get_partial_shape()[axis]
        if begin < 0 or size.is_dynamic or size.get_length() != end - begin:
            continue
        wanted = ops.constant(np.arange(begin, end))
        part = ops.gather(node.input_value(0), wanted, ops.constant(axis))
        node.output(0).replace(part.output(0))


def _constant(node: Any, index: int) -> int | None:
    """The value of a constant input that holds one number."""
    if index >= node.get_input_size():
        return None
    source = node.input_value(index).get_node()
    if source.get_type_name() != "Constant" or source.data.size != 1:
        return None
    return int(source.data.ravel()[0])


def keep_boxes_precise(model: Any) -> None:
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


def with_normalisation(model: Any) -> Any:
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
