"""A model directory as people ask about it, and as a copy to take elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from models.engine import find_model
from models.errors import ModelError
from models.labels import HEADS
from models.processor import SAFE_INPUT
from models.storage import CARD, CONFIG, HASHED, Stored, load

_FILES = (CONFIG, *HASHED, CARD)


def facts(name: str) -> Iterator[tuple[str, str]]:
    """What there is to know about model `name`, as (what, value). Raises `ModelError` as `load_model` does."""
    stored = load(find_model(name))
    encoder, labels = stored.encoder, stored.labels
    yield "model", stored.model_id(name)
    yield "directory", str(stored.directory)
    yield (
        "size",
        f"{sum(path.stat().st_size for path in _present(stored)) / 1e6:.1f} MB in {len(_present(stored))} files",
    )
    yield (
        "encoder",
        (
            f"{encoder['num_hidden_layers']} layers, hidden size {encoder['hidden_size']}, "
            f"{encoder['vocab_size']:,} word pieces, {encoder['max_position_embeddings']} positions"
        ),
    )
    yield "taxonomy", f"{labels.taxonomy} {labels.taxonomy_version}"
    yield "labels", ", ".join(f"{len(labels.ids(head))} {head}" for head in HEADS)
    decode = stored.calibration.decode
    yield "decoding", f"label weight {decode.label_weight}, link bias {decode.link_bias}"
    for lang, temperatures in stored.calibration.temperatures.items():
        yield f"temperatures {lang}", ", ".join(f"{head} {value}" for head, value in temperatures.items())
    yield "card", str(stored.directory / CARD) if (stored.directory / CARD).is_file() else "none"


def export(name: str, target: Path, *, onnx: bool = False) -> list[Path]:
    """Copy model `name` into the new directory `target`; with `onnx` also the graphs that the fast engine runs, with
    ranges that are right on every processor, not on this one only.

    Raises `ModelError` where `target` exists already or cannot be written, where the fast engine cannot run this model,
    and as `load_model` does.
    """
    stored = load(find_model(name))
    if target.exists():
        raise ModelError(f"{target} exists already; name a new directory")
    part = target.with_name(f".{target.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for path in _present(stored):
            shutil.copyfile(path, part / path.name)
        if onnx:
            _write_graphs(stored, part)
        part.rename(target)
    except OSError as error:
        raise ModelError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return sorted(target.iterdir())


def _present(stored: Stored) -> list[Path]:
    return [stored.directory / name for name in _FILES if (stored.directory / name).is_file()]


def _write_graphs(stored: Stored, folder: Path) -> None:
    from models.onnx_graph import build_encoder, build_heads

    tensors = stored.tensors()
    encoder = build_encoder(tensors, stored.scalings(), stored.encoder, top=SAFE_INPUT)
    (folder / "encoder.onnx").write_bytes(encoder.SerializeToString())
    (folder / "heads.onnx").write_bytes(build_heads(tensors).SerializeToString())
