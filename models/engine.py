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
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from models.ahead import ahead
from models.decode import find_units, unit_probabilities
from models.encode import Encoded, encode, load_tokenizer
from models.errors import ModelError, ModelNotFoundError
from models.labels import LabelSet
from models.memory import reuse_buffers
from models.scored import Scored, Scorer
from models.storage import Stored, load
from models.units import Label, Progress, UnitModel, UnitPrediction, make_prediction

__all__ = ["Label", "TransformerModel", "UnitModel", "UnitPrediction", "load_model", "open_directory"]

ENGINES = ("auto", "onnx", "torch")
_FIRST, _CHUNK = 256, 4096  # distinct texts cut at a time, at first and at most; two chunks are held
_CHARACTERS = 400_000  # a chunk ends beyond so many

Batch = list[tuple[int, int]]
"""(text, window) pairs that are computed together."""


def load_model(
    name: str = "current", *, device: str = "auto", threads: int | None = None, engine: str = "auto"
) -> UnitModel:
    """The model called `name`.

    `name` is ``current`` (the weights that ship with this package), a local model directory, a Hugging Face
    id (``owner/name``, downloaded once), or ``lexicon`` (word lists, no network; never chosen by itself).
    `device` is ``auto`` (CUDA if there is one, else CPU) or any name torch knows; `threads` is how many batches a
    CPU computes at a time (default: its cores). `engine` is ``onnx`` (int8 on a CPU), ``torch`` (the reference; float32
    on a CPU, bfloat16 on a GPU) or ``auto``: onnx on a CPU, torch elsewhere.

    Raises `ModelNotFoundError` when there is nothing under that name or no network to fetch it,
    `ModelBrokenError` when the files do not fit together, `ModelError` for an unknown device or engine.
    """
    if name == "lexicon":
        from models.lexicon import LexiconModel

        return LexiconModel()
    return open_directory(name, device=device, threads=threads, engine=engine)


def open_directory(
    name: str, *, device: str = "auto", threads: int | None = None, engine: str = "auto"
) -> TransformerModel:
    """Like `load_model`, for names that are trained weights."""
    stored = load(find_model(name))
    reuse_buffers()
    return TransformerModel(name, stored, _scorer(stored, device=device, threads=threads, engine=engine))


def _scorer(stored: Stored, *, device: str, threads: int | None, engine: str) -> Scorer:
    if engine not in ENGINES:
        raise ModelError(f"engine {engine!r} is none of {', '.join(ENGINES)}")
    if device == "auto":
        device = "cuda" if engine != "onnx" and _has_cuda() else "cpu"
    if engine == "auto":
        engine = "onnx" if device == "cpu" and stored.encoder.get("hidden_act") == "gelu" else "torch"
    if engine == "onnx":
        if device != "cpu":
            raise ModelError(f"device {device!r} needs engine torch; onnx runs on the cpu")
        from models.onnx_scorer import OnnxScorer

        return OnnxScorer(stored, threads=threads)
    from models.torch_scorer import TorchScorer

    return TorchScorer(stored.network(), pad=stored.pad, device=device, threads=threads)


def _has_cuda() -> bool:
    """Whether torch sees a GPU. Asked of the driver's files first: importing torch takes seconds."""
    if find_spec("torch") is None or not any(Path(p).exists() for p in ("/dev/nvidia0", "/proc/driver/nvidia")):
        return False
    import torch

    return torch.cuda.is_available()


def find_model(name: str) -> Path:
    """The directory of model `name`; downloads it if it is a Hugging Face id. Raises `ModelNotFoundError`."""
    if name == "current":
        shipped = Path(str(files("models"))) / "current"
        if not shipped.is_dir():
            raise ModelNotFoundError(f"the weights are missing from this installation ({shipped}); install it again")
        return shipped
    if name == "lexicon":
        raise ModelNotFoundError("'lexicon' is word lists, no trained weights: there is no directory of it")
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

    def __init__(self, name: str, stored: Stored, scorer: Scorer) -> None:
        self._stored, self._scorer = stored, scorer
        self._tokenizer = load_tokenizer(stored.tokenizer)
        self._id = stored.model_id(name)

    @property
    def scorer(self) -> Scorer:
        """What computes."""
        return self._scorer

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
        chunks = list(_chunks(distinct))
        for texts_here, encoded in zip(chunks, ahead(self._encode, chunks, depth=1), strict=True):
            for n, item, scores in self._score(encoded):
                units = self._decode(item, scores)
                for position in positions[texts_here[n]]:
                    results[position] = list(units)
                if progress is not None:
                    progress(len(positions[texts_here[n]]))
        return results

    def _encode(self, texts: Sequence[str]) -> list[Encoded]:
        return encode(texts, self._tokenizer)

    def score(self, texts: Sequence[str]) -> Iterator[tuple[int, Encoded, Scored]]:
        """Index, clauses and raw scores of each text, in the order in which they get ready (long texts
        first).

        What `predict` decodes; calibration reads it too.
        """
        return self._score(self._encode(texts))

    def _score(self, encoded: Sequence[Encoded]) -> Iterator[tuple[int, Encoded, Scored]]:
        waiting = [len(e.windows) for e in encoded]
        found: list[dict[int, Scored]] = [{} for _ in encoded]
        for n, item in enumerate(encoded):
            if not item.windows:
                yield n, item, Scored.empty(self.labels)
        batches = _batches(encoded, self._scorer.batch_tokens, pads=self._scorer.pads)
        for batch, results in self._run_all(encoded, batches):
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

    def _run_all(self, encoded: Sequence[Encoded], batches: Iterable[Batch]) -> Iterator[tuple[Batch, list[Scored]]]:
        """Every batch with its scores, in order; several are computed at a time, and few wait to be taken."""
        workers = self._scorer.workers
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[tuple[Batch, Future[list[Scored]]]] = deque()
            for batch in batches:
                windows = [encoded[n].windows[k] for n, k in batch]
                waiting.append((batch, pool.submit(self._scorer.score, windows)))
                if len(waiting) > 2 * workers:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()

    def _decode(self, item: Encoded, scores: Scored) -> list[UnitPrediction]:
        calibration = self._stored.calibration
        temperatures = calibration.temperatures[item.lang]
        segments = find_units(scores.labels, scores.link, calibration.decode)
        if not segments:
            return []
        probabilities = {
            head: rows.tolist() for head, rows in unit_probabilities(scores.labels, segments, temperatures).items()
        }
        return [
            make_prediction(
                item.clauses[segment.first].start,
                item.clauses[segment.last - 1].end,
                {head: rows[n] for head, rows in probabilities.items()},
                self.labels,
            )
            for n, segment in enumerate(segments)
        ]


def _chunks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ever larger ones: the first is soon ready to compute, and in a large one many windows have the same length."""
    chunk: list[str] = []
    size, characters = _FIRST, 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if len(chunk) == size or characters > _CHARACTERS:
            yield chunk
            chunk, characters, size = [], 0, min(2 * size, _CHUNK)
    if chunk:
        yield chunk


def merge_windows(item: Encoded, scores: Sequence[Scored]) -> Scored:
    """Scores for all clauses of a text: where windows overlap, each clause from the window that shows more
    around it.

    A link between two clauses that no window holds together (both do not fit into one) is 0: undecided.
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


def _batches(encoded: Sequence[Encoded], tokens: int, *, pads: bool) -> Iterator[Batch]:
    """(text, window) pairs, longest windows first, so that little is padding and the peak of memory comes at once.

    Without `pads`, a batch holds windows of one length only.
    """
    order = [(len(w.ids), n, k) for n, item in enumerate(encoded) for k, w in enumerate(item.windows)]
    order.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    batch: Batch = []
    width = 0
    for length, n, k in order:
        if batch and ((len(batch) + 1) * width > tokens or not (pads or length == width)):
            yield batch
            batch = []
        if not batch:
            width = length
        batch.append((n, k))
    if batch:
        yield batch
