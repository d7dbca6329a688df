"""Writes the network as ONNX, and the part before it that turns a face into maps of noise.

The maps that the network learns from are made by that very part, so that what is learnt and
what is run later cannot differ. Needs the package ``onnx`` (extra ``train``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from detect.media.registry import Input, Output
from detect.media.selfblended.net import CELLS, CHANNELS, Learnt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Constants = dict[str, NDArray[Any]]

SIDE = 160
"""Pixels a side of a face as the model reads it."""

MARGIN = 0.3
INPUT = Input(name="face", width=SIDE, height=SIDE, colour="bgr", margin=MARGIN)
OUTPUT = Output(name="forged", activation="sigmoid")
MAPS = "maps"

_CELL = SIDE // CELLS
_REACH = 2
_OPSET, _IR = 17, 9
_LEAST = 1e-4
_LUMA = ((0.114, 0.587, 0.299), (0.5, -0.3313, -0.1687), (-0.0813, -0.4187, 0.5))
"""Brightness and two colours of blue, green, red (as in JPEG)."""

_FILTERS: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((0, -1, 1),),
    ((0,), (-1,), (1,)),
    ((1, -2, 1),),
    ((1,), (-2,), (1,)),
    ((1, 0, 0), (0, -2, 0), (0, 0, 1)),
    ((0, 0, 1), (0, -2, 0), (1, 0, 0)),
    ((-1, 2, -1), (2, -4, 2), (-1, 2, -1)),
    (
        (-1, 2, -2, 2, -1), (2, -6, 8, -6, 2), (-2, 8, -12, 8, -2), (2, -6, 8, -6, 2),
        (-1, 2, -2, 2, -1),
    ),
)  # fmt: skip

_CELLS = {"kernel_shape": [_CELL] * 2, "strides": [_CELL] * 2}
_Step = tuple[str, list[str], str, dict[str, Any]]
_TO_MAPS: tuple[_Step, ...] = (
    ("Conv", ["face", "luma"], "planes", {}),
    ("Pad", ["planes", "around"], "wider", {"mode": "reflect"}),
    ("Conv", ["wider", "filters"], "differences", {"group": 3}),
    ("Abs", ["differences"], "strength", {}),
    ("AveragePool", ["strength"], "by_cell", _CELLS),
    ("Add", ["by_cell", "least"], "positive", {}),
    ("Log", ["positive"], "noise", {}),
    ("AveragePool", ["planes"], "colours", _CELLS),
    ("Concat", ["noise", "colours"], MAPS, {"axis": 1}),
)  # fmt: skip
_PADS = {"pads": [1, 1, 1, 1]}
_TO_SCORE: tuple[_Step, ...] = (
    ("Sub", [MAPS, "mean"], "centred", {}),
    ("Div", ["centred", "spread"], "normal", {}),
    ("Conv", ["normal", "one_weights", "one_bias"], "one", _PADS),
    ("Relu", ["one"], "one_on", {}),
    ("Conv", ["one_on", "two_weights", "two_bias"], "two", _PADS),
    ("Relu", ["two"], "two_on", {}),
    ("MaxPool", ["two_on"], "halved", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Conv", ["halved", "three_weights", "three_bias"], "three", _PADS),
    ("Relu", ["three"], "three_on", {}),
    ("GlobalAveragePool", ["three_on"], "usual", {}),
    ("GlobalMaxPool", ["three_on"], "most", {}),
    ("Concat", ["usual", "most"], "both", {"axis": 1}),
    ("Flatten", ["both"], "told", {"axis": 1}),
    ("Gemm", ["told", "last_weights", "last_bias"], "forged", {}),
)


def maps_onnx() -> bytes:
    """A model file that makes maps (n x 27 x 20 x 20) of faces (n x 3 x 160 x 160).

    Raises:
        ImportError: ``onnx`` is not installed.
    """
    return _file(_TO_MAPS, _fixed(), (MAPS, ["n", CHANNELS, CELLS, CELLS]), {})


def to_onnx(learnt: Learnt, about: dict[str, str]) -> bytes:
    """The whole model: a face goes in, the logit of "forged" comes out.

    Args:
        learnt: what was learnt.
        about: what the file says of itself.

    Raises:
        ImportError: ``onnx`` is not installed.
    """
    constants = _fixed()
    for name, value in learnt.weights.items():
        turned = value
        if name.endswith("weights") and name != "last_weights":
            turned = value.reshape(3, 3, -1, value.shape[1]).transpose(3, 2, 0, 1)
        constants[name] = np.ascontiguousarray(turned, np.float32)
    for name, row in (("mean", learnt.mean), ("spread", learnt.spread)):
        constants[name] = row.reshape(1, CHANNELS, 1, 1).astype(np.float32)
    return _file((*_TO_MAPS, *_TO_SCORE), constants, ("forged", ["n", 1]), about)


def _fixed() -> Constants:
    filters = np.zeros((len(_FILTERS), 1, 5, 5), np.float32)
    for number, rows in enumerate(_FILTERS):
        one = np.array(rows, np.float32)
        top, left = (5 - one.shape[0]) // 2, (5 - one.shape[1]) // 2
        filters[number, 0, top : top + one.shape[0], left : left + one.shape[1]] = one
        filters[number] /= np.abs(one).sum()
    return {
        "luma": np.array(_LUMA, np.float32).reshape(3, 3, 1, 1),
        "filters": np.tile(filters, (3, 1, 1, 1)),
        "around": np.array([0, 0, _REACH, _REACH] * 2, np.int64),
        "least": np.array([_LEAST], np.float32),
    }


def _file(
    steps: tuple[_Step, ...],
    constants: Constants,
    gives: tuple[str, list[str | int]],
    about: dict[str, str],
) -> bytes:
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415 - only who trains has it

    graph = helper.make_graph(
        [helper.make_node(kind, takes, [out], **more) for kind, takes, out, more in steps],
        "self_blended",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(gives[0], TensorProto.FLOAT, gives[1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model: Any = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR
    model.producer_name = "jikimi"
    helper.set_model_props(model, about)
    raw: bytes = model.SerializeToString(deterministic=True)
    return raw
