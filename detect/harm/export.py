"""Writes a trained model of harm as ONNX; needs the package ``onnx`` (extra ``train``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from detect.harm.features import BITS
from detect.harm.model import FORMAT
from detect.harm.training import TONES, Trained
from detect.records import HARM_CATEGORIES

_FLOAT = 1
"""``TensorProto.FLOAT``."""
_STEPS: tuple[tuple[str, list[str], str, dict[str, Any]], ...] = (
    ("Gather", ["slot", "ids"], "rows", {}),
    ("Gather", ["table", "rows"], "half", {}),
    ("Cast", ["half"], "parts", {"to": _FLOAT}),
    ("ReduceSum", ["parts", "axis_runs"], "sum", {"keepdims": 0}),
    ("Slice", ["sum", "outputs", "all", "axis_runs"], "square", {}),
    ("Max", ["square", "least"], "positive", {}),
    ("Sqrt", ["positive"], "length", {}),
    ("Slice", ["sum", "zero", "outputs", "axis_runs"], "spoken", {}),
    ("Div", ["spoken", "length"], "scaled", {}),
    ("Add", ["scaled", "bias"], "logits", {}),
    ("Slice", ["logits", "zero", "tones", "axis_runs"], "of_tone", {}),
    ("Slice", ["logits", "tones", "outputs", "axis_runs"], "of_harm", {}),
    ("Softmax", ["of_tone"], "tone", {"axis": 1}),
    ("Sigmoid", ["of_harm"], "categories", {}),
)
"""The graph, step by step: what is done, with what, and the name of the outcome."""
_OPSET = 17
_GRID, _GRID_OF_MASS = 2.0**-10, 2.0**-2
"""Steps of the table's numbers, so coarse that sums are exact in whatever order they run."""
_IR = 9


def to_onnx(trained: Trained) -> bytes:
    """The bytes of the model file.

    A bucket leads to a row of the table, a text's rows are summed, divided by the root of
    their summed mass, and made probabilities. ``parts`` are the rows before summing.

    Raises:
        ImportError: ``onnx`` is not installed.
    """
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only who trains has it

    weights = trained.weights
    table = np.zeros((len(weights) + 1, weights.shape[1] + 1), np.float16)
    table[1:, :-1] = np.round(weights / _GRID) * _GRID
    table[1:, -1] = np.round(trained.mass / _GRID_OF_MASS) * _GRID_OF_MASS
    slot = np.zeros(1 << BITS, np.int32)
    slot[trained.buckets] = np.arange(1, len(weights) + 1)
    tones, outputs = len(TONES), weights.shape[1]
    constants = {
        "slot": slot,
        "table": table,
        "bias": trained.bias.astype(np.float32),
        "axis_runs": np.array([1], np.int64),
        "zero": np.array([0], np.int64),
        "tones": np.array([tones], np.int64),
        "outputs": np.array([outputs], np.int64),
        "all": np.array([outputs + 1], np.int64),
        "least": np.array([1e-6], np.float32),
    }
    graph = helper.make_graph(
        [helper.make_node(kind, takes, [gives], **more) for kind, takes, gives, more in _STEPS],
        "harm",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["texts", "runs"])],
        [
            helper.make_tensor_value_info("tone", TensorProto.FLOAT, ["texts", tones]),
            helper.make_tensor_value_info(
                "categories", TensorProto.FLOAT, ["texts", len(HARM_CATEGORIES)]
            ),
            helper.make_tensor_value_info(
                "parts", TensorProto.FLOAT, ["texts", "runs", outputs + 1]
            ),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    model.producer_name = "jikimi"
    helper.set_model_props(model, _metadata(trained))
    raw: bytes = model.SerializeToString(deterministic=True)
    return raw


def _metadata(trained: Trained) -> dict[str, str]:
    return {
        "format": FORMAT,
        "categories": ",".join(HARM_CATEGORIES),
        "decision": ",".join(f"{one:.3f}" for one in trained.decision),
        "comments": str(int(trained.report["comments"])),
        "sentences": str(int(trained.report["sentences"])),
    }
