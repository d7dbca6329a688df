"""Runs models through onnxruntime: its only importer, and only once a model is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from numpy.typing import NDArray


class Session:
    """A model ready to run; may be shared between threads.

    Args:
        model: the bytes of an ONNX file.
        threads: threads of one run; one, so that workers side by side do not quarrel.

    Raises:
        ValueError: the bytes are no model that can be run here.
    """

    def __init__(self, model: bytes, *, threads: int = 1) -> None:
        # A third of a second that most commands need not pay.
        onnxruntime: Any = import_module("onnxruntime")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - its errors share no other base class
            raise ValueError(f"not a usable ONNX model: {error}") from None

    @property
    def metadata(self) -> dict[str, str]:
        """What the file says of itself."""
        return dict(self._session.get_modelmeta().custom_metadata_map)

    @property
    def inputs(self) -> dict[str, tuple[str, tuple[int | str | None, ...]]]:
        """Type and shape by name; an axis of any length is a name or None."""
        return {one.name: (one.type, tuple(one.shape)) for one in self._session.get_inputs()}

    @property
    def outputs(self) -> dict[str, tuple[str, tuple[int | str | None, ...]]]:
        """The same of what it gives."""
        return {one.name: (one.type, tuple(one.shape)) for one in self._session.get_outputs()}

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]
    ) -> list[NDArray[Any]]:
        """The outputs of one batch, in the order asked for; only they are computed."""
        found: list[NDArray[Any]] = self._session.run(list(outputs), dict(inputs))
        return found
