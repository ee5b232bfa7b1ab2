"""The reference: the network in float32 on a CPU, in bfloat16 on a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from models.decode import log_softmax
from models.encode import Window
from models.errors import ModelError
from models.labels import HEADS
from models.network import collate
from models.processor import usable_cores
from models.scored import Scored, split_by_window

if TYPE_CHECKING:
    from models.network import UnitNetwork


class TorchScorer:
    """Raises `ModelError` for a device that torch does not know or have."""

    pads = True

    def __init__(self, network: UnitNetwork, *, pad: int, device: str, threads: int | None) -> None:
        try:
            self._device = torch.device(device)
            self._network = network.to(self._device).eval()
        except (RuntimeError, AssertionError) as error:
            raise ModelError(f"device {device!r} cannot be used ({error}); use auto, cpu or cuda") from error
        self._pad = pad
        self.workers, self.batch_tokens = 1, 16_384
        if self._device.type == "cpu":
            # Every batch gets one thread, and several run at a time: two halves of a small matrix product wait for each
            # other at every operation, two batches never do.
            self.workers, self.batch_tokens = threads or usable_cores(), 1024
            torch.set_num_threads(1)

    @property
    def name(self) -> str:
        """What computes."""
        return f"torch, {self._device.type}"

    def score(self, windows: Sequence[Window]) -> list[Scored]:
        """The scores of each window."""
        batch = collate(windows, pad=self._pad).to(self._device)
        half = self._device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=half):
            out = self._network(batch)
        labels = {head: log_softmax(out.labels[head].float().cpu().double().numpy()) for head in HEADS}
        return split_by_window(windows, labels, out.link.float().cpu().double().numpy())
