"""Small ONNX networks for tests, and registry entries that describe them."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from detect.media.registry import Card, Entry, Input, Output, Thresholds

SIDE = 32


def net(weights, bias=0.0, outputs=1, side=SIDE):
    """Sigmoid of a weighted sum of the means of the three channels."""
    table = np.zeros((3, outputs), np.float32)
    table[:, 0] = weights
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "table", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["forged"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("forged", TensorProto.FLOAT, ["n", outputs])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.full(outputs, bias, np.float32), "bias"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


RED = net([12.0, 0.0, 0.0], bias=-6.0)
"""Says that what is red is forged."""


def entry(raw=RED, **changes):
    """An entry that may be used, but for ``changes``."""
    good = Entry(
        id="red",
        task="ai_image",
        file="red.onnx",
        sha256=hashlib.sha256(raw).hexdigest(),
        licence="CC0-1.0",
        source="made in a test",
        input=Input(name="input", width=SIDE, height=SIDE),
        output=Output(name="forged"),
        thresholds=Thresholds(unlikely=0.2, likely=0.8),
        card=Card(
            data="red and blue squares",
            real=200,
            forged=200,
            auc=0.9,
            auc_low=0.86,
            auc_high=0.93,
            tpr_at_1_fpr=0.5,
            ece=0.03,
        ),
    )
    return msgspec.structs.replace(good, **changes)
