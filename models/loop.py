"""The loop that every training runs in: schedule, device, checkpoints; what is learned, subclasses say."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.ahead import ahead
from models.errors import ModelError
from models.memory import reuse_buffers

log = logging.getLogger("models.train")

EVERY = 20
"""Steps between two lines of the log."""
_AHEAD = 3  # batches made ready while one is learned: a GPU must not wait for them


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training run depends on besides its data."""

    epochs: float = 4.0
    max_minutes: float = math.inf
    """Training time after which the schedule ends; a resumed run counts the time already spent."""
    tokens: int = 1024
    """Padded tokens per step, and at most `texts` windows."""
    texts: int = 32
    lr: float = 1e-4
    """Peak learning rate of the top encoder layer; each layer below gets `decay` times that of the one
    above.
    """
    decay: float = 0.9
    head_factor: float = 6.0
    warmup: float = 0.06
    weight_decay: float = 0.01
    smoothing: float = 0.05
    hide: float = 0.0
    """Share of tokens that are replaced by the mask token, others at every step."""
    seed: int = 7
    threads: int = 2


@dataclass(slots=True)
class Progress:
    """Where a run stands; saved with every checkpoint."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seconds: float = 0.0


def device_here() -> torch.device:
    """A GPU when there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def prepare_torch(settings: Settings) -> None:
    """Threads, seed and memory as every training wants them."""
    reuse_buffers()
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)


class Loop:
    """One run over `epochs` of batches. The rate rises over the first steps and falls to a hundredth at the end.

    A subclass gives the batches of an epoch, makes one ready (on the CPU, a few batches ahead) and computes its loss
    on `self.device`. Everything random in it must follow from the epoch and the batch, or from torch's own generator,
    so that a resumed run is the run that was not killed. `identity` tells this run from others.

    Raises `ModelError` without any batch, and in `run` where the checkpoint in `out` is of another run.
    """

    def __init__(
        self, network: nn.Module, groups: list[dict[str, Any]], settings: Settings, out: Path, *, identity: str
    ) -> None:
        self.identity = identity
        self.device = device_here()
        self.network, self.settings = network.to(self.device), settings
        self.checkpoint = out / "checkpoint" / "state.pt"
        self.progress = Progress()
        fused = self.device.type == "cuda"
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=fused)
        self.peaks = [float(g["lr"]) for g in self.optimizer.param_groups]
        batches = len(self._batches(0))
        if not batches:
            raise ModelError("nothing to learn: no labelled feedback of the train part was given")
        self.total = max(1, round(batches * settings.epochs))
        self._recent: list[Tensor] = []
        self._clock = 0.0

    def _batches(self, epoch: int) -> Sequence[Any]:
        raise NotImplementedError

    def _ready(self, batch: Any) -> Any:
        raise NotImplementedError

    def _loss(self, ready: Any) -> Tensor:
        raise NotImplementedError

    def run(self, *, every_seconds: float = 180.0) -> None:
        """Train to the end of the schedule, from the last checkpoint if there is one."""
        self._resume()
        self.network.train()
        saved = self._clock = time.monotonic()
        while self._fraction() < 1:
            for ready in ahead(self._ready, self._batches(self.progress.epoch)[self.progress.batch :], depth=_AHEAD):
                self._step(ready)
                self.progress.batch += 1
                if time.monotonic() - saved > every_seconds:
                    self._save()
                    saved = time.monotonic()
                if self._fraction() >= 1:
                    break
            else:
                self.progress.epoch, self.progress.batch = self.progress.epoch + 1, 0
        self._save()

    def _fraction(self) -> float:
        spent = self.progress.seconds / (60 * self.settings.max_minutes)
        return max(self.progress.step / self.total, spent)

    def _step(self, ready: Any) -> None:
        done, warmup = self._fraction(), self.settings.warmup
        # Both sides of the schedule leave some rate: 0 would waste the first step, and the last ones.
        scale = min((done + 0.002) / warmup, max(0.01, (1 - done) / (1 - warmup)))
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * scale
        loss = self._loss(ready)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.progress.step += 1
        self._report(loss.detach())
        now = time.monotonic()
        self.progress.seconds += now - self._clock
        self._clock = now

    def _report(self, loss: Tensor) -> None:
        self._recent.append(loss)
        if self.progress.step % EVERY:
            return
        # Reading a loss waits for the GPU, so it is done for many at a time.
        mean = float(torch.stack(self._recent).mean())
        self._recent.clear()
        done, seconds = self._fraction(), self.progress.seconds
        log.info(
            "step %d  epoch %d  %.1f %%  loss %.3f  %.3f s/step  about %.1f min left",
            self.progress.step,
            self.progress.epoch,
            100 * done,
            mean,
            seconds / self.progress.step,
            seconds / 60 * (1 - done) / max(done, 1e-6),
        )

    def _save(self) -> None:
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "gpu_rng": torch.cuda.get_rng_state_all(),
            "identity": self.identity,
            "progress": asdict(self.progress),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, weights_only=True, map_location="cpu")
        if state.get("identity") != self.identity:
            raise ModelError(
                f"{self.checkpoint} is of a training with other data, settings or start; name another directory, or "
                "remove it"
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        torch.cuda.set_rng_state_all(state["gpu_rng"])
        self.progress = Progress(**state["progress"])
        log.info("going on from step %d, %.1f min spent", self.progress.step, self.progress.seconds / 60)
