"""Load a model by name and run it over many texts.

model = load_model()
for units in model.predict(["味道不错送餐太慢了", "Great food, slow service"]):
    ...
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.decode import Array, find_units, log_softmax, unit_probabilities
from models.encode import Encoded, Window, encode, load_tokenizer
from models.errors import ModelError, ModelNotFoundError
from models.labels import HEADS, LabelSet
from models.units import Label, Progress, UnitModel, UnitPrediction, make_prediction

if TYPE_CHECKING:
    from models.storage import Stored

__all__ = ["Label", "TransformerModel", "UnitModel", "UnitPrediction", "load_model"]

_CHUNK = 1024  # distinct texts held as tokens and scores at a time
_BATCH_TOKENS = 1024  # padded tokens per encoder pass; larger ones are no faster on a CPU and take more memory


def load_model(name: str = "current", *, device: str = "auto", threads: int | None = None) -> UnitModel:
    """The model called `name`.

    `name` is ``current`` (the weights that ship with this package), a local model directory, a Hugging Face
    id (``owner/name``, downloaded once), or ``lexicon`` (word lists, no network; never chosen by itself).
    `device` is ``auto`` (CUDA if there is one, else CPU) or any name torch knows; `threads` limits the CPU
    threads of this process.

    Raises `ModelNotFoundError` when there is nothing under that name or no network to fetch it,
    `ModelBrokenError` when the files do not fit together, `ModelError` for an unknown device.
    """
    if name == "lexicon":
        from models.lexicon import LexiconModel

        return LexiconModel()
    from models.memory import reuse_buffers
    from models.storage import load

    directory = find_model(name)
    reuse_buffers()
    return TransformerModel(name, load(directory), device=device, threads=threads)


def find_model(name: str) -> Path:
    """The directory of model `name`; downloads it if it is a Hugging Face id. Raises `ModelNotFoundError`."""
    if name == "current":
        shipped = Path(str(files("models"))) / "current"
        if not shipped.is_dir():
            raise ModelNotFoundError(f"the weights are missing from this installation ({shipped}); install it again")
        return shipped
    if Path(name).is_dir():
        return Path(name)
    if Path(name).is_absolute() or name.startswith(".") or name.count("/") != 1:
        raise ModelNotFoundError(
            f"no model {name!r}: neither 'current', 'lexicon', an existing directory, "
            "nor a Hugging Face id (owner/name)"
        )
    return _download(name)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelNotFoundError(
            f"model {name!r} is no local directory and cannot be fetched from Hugging Face "
            f"({type(error).__name__}); check the name and the network, "
            "or fetch it elsewhere and give its directory"
        ) from error


class TransformerModel:
    """The trained network with its tokenizer, clause rules and calibration."""

    def __init__(self, name: str, stored: Stored, *, device: str = "auto", threads: int | None = None) -> None:
        import torch

        try:
            wanted = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
            self._device = torch.device(wanted)
            self._network = stored.network.to(self._device).eval()
        except (RuntimeError, AssertionError) as error:
            raise ModelError(f"device {device!r} cannot be used ({error}); use auto, cpu or cuda") from error
        # On a CPU every batch gets one thread, and several run at a time: two halves of a small matrix product wait for
        # each other at every operation, two batches never do.
        self._workers = (threads or torch.get_num_threads()) if self._device.type == "cpu" else 1
        if self._device.type == "cpu":
            torch.set_num_threads(1)
        self._stored = stored
        self._tokenizer = load_tokenizer(stored.tokenizer)
        self._id = f"{Path(name).name}-{stored.digest[:12]}"

    @property
    def model_id(self) -> str:
        """Name and the first 12 digits of the content hash."""
        return self._id

    @property
    def labels(self) -> LabelSet:
        """The ids this model was trained on."""
        return self._stored.labels

    def predict(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[list[UnitPrediction]]:
        """The units of each text, in text order. Equal texts are run once; memory does not grow with their
        number.
        """
        positions: dict[str, list[int]] = {}
        for n, text in enumerate(texts):
            positions.setdefault(text, []).append(n)
        results: list[list[UnitPrediction]] = [[] for _ in texts]
        distinct = list(positions)
        for begin in range(0, len(distinct), _CHUNK):
            for text, units in self._predict_distinct(distinct[begin : begin + _CHUNK]):
                for n in positions[text]:
                    results[n] = list(units)
                if progress is not None:
                    progress(len(positions[text]))
        return results

    def _predict_distinct(self, texts: Sequence[str]) -> Iterator[tuple[str, list[UnitPrediction]]]:
        for n, item, scores in self.score(texts):
            yield texts[n], self._decode(item, scores)

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Encoded, Scored]]:
        """Index, clauses and raw scores of each text, in the order in which they get ready (long texts
        first).

        What `predict` decodes; calibration reads it too.
        """
        encoded = encode(texts, self._tokenizer)
        waiting = [len(e.windows) for e in encoded]
        found: list[dict[int, Scored]] = [{} for _ in texts]
        for n, item in enumerate(encoded):
            if not item.windows:
                yield n, item, Scored.empty(self.labels)
        for batch, results in self._run_all(encoded, _batches(encoded)):
            for (n, k), scored in zip(batch, results, strict=True):
                found[n][k] = scored
                waiting[n] -= 1
                if not waiting[n]:
                    yield (
                        n,
                        encoded[n],
                        merge_windows(encoded[n], [found[n][i] for i in range(len(found[n]))]),
                    )
                    found[n] = {}

    def _run_all(
        self, encoded: Sequence[Encoded], batches: Iterable[list[tuple[int, int]]]
    ) -> Iterator[tuple[list[tuple[int, int]], list[Scored]]]:
        """Every batch with its scores, in order; `_workers` of them are computed at a time."""
        with ThreadPoolExecutor(self._workers) as pool:
            waiting: deque[tuple[list[tuple[int, int]], Future[list[Scored]]]] = deque()
            for batch in batches:
                waiting.append((batch, pool.submit(self._run, [encoded[n].windows[k] for n, k in batch])))
                if len(waiting) > 2 * self._workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()

    def _run(self, windows: Sequence[Window]) -> list[Scored]:
        import torch

        from models.network import Batch, collate

        batch = collate(windows, pad=self._stored.pad)
        moved = Batch(*(getattr(batch, name).to(self._device) for name in Batch.__slots__))
        with torch.inference_mode():
            out = self._network(moved)
        labels = {head: log_softmax(out.labels[head].double().cpu().numpy()) for head in HEADS}
        link = out.link.double().cpu().numpy()
        found, clause, pair = [], 0, 0
        for window in windows:
            rows = {head: labels[head][clause : clause + window.size] for head in HEADS}
            found.append(Scored(rows, link[pair : pair + window.size - 1]))
            clause += window.size
            pair += window.size - 1
        return found

    def _decode(self, item: Encoded, scores: Scored) -> list[UnitPrediction]:
        calibration = self._stored.calibration
        units = []
        for segment in find_units(scores.labels, scores.link, calibration.decode):
            start, end = item.clauses[segment.first].start, item.clauses[segment.last - 1].end
            probabilities = unit_probabilities(scores.labels, segment, calibration.temperatures)
            units.append(make_prediction(start, end, {h: p.tolist() for h, p in probabilities.items()}, self.labels))
        return units


class Scored(NamedTuple):
    """Scores of n clauses: log-probabilities per head (n, classes) and link log-odds (n - 1,)."""

    labels: dict[str, Array]
    link: Array

    @classmethod
    def empty(cls, labels: LabelSet) -> Scored:
        """Scores of no clause at all."""
        sizes = {head: len(labels.ids(head)) + (head == "sentiment") for head in HEADS}
        return cls({head: np.zeros((0, size)) for head, size in sizes.items()}, np.zeros(0))


def merge_windows(item: Encoded, scores: Sequence[Scored]) -> Scored:
    """Scores for all clauses of a text: where windows overlap, each clause from the window that shows more
    around it.

    A link between two clauses that no window holds together (each fills a window) is 0: undecided.
    """
    if len(scores) == 1:
        return scores[0]
    count = len(item.clauses)
    labels = {head: np.zeros((count, rows.shape[1])) for head, rows in scores[0].labels.items()}
    link = np.zeros(max(0, count - 1))
    for n, (window, found) in enumerate(zip(item.windows, scores, strict=True)):
        overlap = 0 if n == 0 else item.windows[n - 1].first + item.windows[n - 1].size - window.first
        skip = overlap // 2
        for head, rows in found.labels.items():
            labels[head][window.first + skip : window.first + window.size] = rows[skip:]
        link[window.first + skip : window.first + window.size - 1] = found.link[skip:]
    return Scored(labels, link)


def _batches(encoded: Sequence[Encoded]) -> Iterator[list[tuple[int, int]]]:
    """(text, window) pairs, longest windows first, so that little is padding and the peak of memory comes
    at once.
    """
    order = [(len(w.ids), n, k) for n, item in enumerate(encoded) for k, w in enumerate(item.windows)]
    order.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    batch: list[tuple[int, int]] = []
    width = 0
    for length, n, k in order:
        if batch and (len(batch) + 1) * width > _BATCH_TOKENS:
            yield batch
            batch = []
        if not batch:
            width = length
        batch.append((n, k))
    if batch:
        yield batch
