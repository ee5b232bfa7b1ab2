"""The fast one: ONNX Runtime on a CPU, int8 matrix products, one thread per batch and several batches at a time.

A window's scores do not depend on the windows beside it: the scales of activations are fixed (`models.quantise`), and
nothing is padded, for windows of a batch have the same length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.decode import log_softmax
from models.encode import Window
from models.labels import HEADS
from models.onnx_graph import build_encoder, build_heads
from models.processor import largest_input, usable_cores
from models.scored import Scored, split_by_window

if TYPE_CHECKING:
    from onnx import ModelProto

    from models.storage import Stored

Floats = NDArray[np.float32]


class OnnxScorer:
    """The stored weights of a model directory, ready to run."""

    batch_tokens = 512  # fewer cost more for each batch, more give nothing
    pads = False

    def __init__(self, stored: Stored, *, threads: int | None) -> None:
        tensors = stored.tensors()
        self._encoder = _session(build_encoder(tensors, stored.scalings(), stored.encoder, top=largest_input()))
        self._heads = _session(build_heads(tensors))
        self.workers = threads or usable_cores()

    @property
    def name(self) -> str:
        """What computes."""
        return "onnx int8, cpu"

    def score(self, windows: Sequence[Window]) -> list[Scored]:
        """The scores of each window; all have the same length."""
        ids = np.array([window.ids for window in windows], dtype=np.int64)
        (states,) = self._encoder.run(None, {"ids": ids})
        vectors = pool(states, windows)
        sizes = np.array([w.size for w in windows])
        last = np.cumsum(sizes) - 1
        left = np.setdiff1d(np.arange(len(vectors)), last)
        *labels, link = self._heads.run(None, {"vectors": vectors, "left": left})
        logs = {head: log_softmax(rows.astype(np.float64)) for head, rows in zip(HEADS, labels, strict=True)}
        return split_by_window(windows, logs, link.astype(np.float64))


def pool(states: Floats, windows: Sequence[Window]) -> Floats:
    """Token states (B, T, H) of windows of one length to clause vectors (N, 3 H): mean, maximum, mean of the whole
    window.
    """
    clause = np.array([window.clause[1:-1] for window in windows])
    # Ascending, and no two windows share a number.
    row = (clause + np.arange(len(windows))[:, None] * states.shape[1]).ravel()
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    sizes = np.diff(starts, append=len(row))
    inside = states[:, 1:-1].reshape(len(row), -1)
    mean = np.add.reduceat(inside, starts, axis=0) / sizes[:, None].astype(np.float32)
    top = np.maximum.reduceat(inside, starts, axis=0)
    whole = np.repeat(states.mean(axis=1), [window.size for window in windows], axis=0)
    return np.concatenate([mean, top, whole], axis=1)


def _session(model: ModelProto) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
