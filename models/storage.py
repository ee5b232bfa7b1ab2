"""Model directories: writing, checking, loading. Safetensors and JSON only; nothing is ever unpickled.

A directory holds `config.json` (encoder, clause rules, SHA-256 of the other files), `labels.json`,
`calibration.json`, `tokenizer.json` and `model.safetensors`. Weight matrices are stored as int8 with one
scale per row: they take a quarter of the space, and are turned back to float on load, so arithmetic is
plain float32.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.clauses import RULES_VERSION
from models.decode import DecodeSettings
from models.errors import ModelBrokenError
from models.labels import HEADS, LabelSet

if TYPE_CHECKING:
    from torch import Tensor

    from models.network import UnitNetwork

FORMAT = 1
WEIGHTS, TOKENIZER, CALIBRATION, LABELS, CONFIG = (
    "model.safetensors",
    "tokenizer.json",
    "calibration.json",
    "labels.json",
    "config.json",
)
# What rebuilds the encoder; the rest of a transformers configuration is defaults and the path it came from.
_ENCODER_KEYS = (
    "hidden_act",
    "hidden_dropout_prob",
    "hidden_size",
    "intermediate_size",
    "layer_norm_eps",
    "max_position_embeddings",
    "num_attention_heads",
    "num_hidden_layers",
    "pad_token_id",
    "type_vocab_size",
    "vocab_size",
)
_SCALE = ".row_scale"
_SMALLEST = 4096  # elements; smaller matrices gain nothing


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the dev part decided: how units are decoded, and one temperature per head for its
    probabilities.
    """

    decode: DecodeSettings
    temperatures: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for `json.dump`."""
        return {"decode": asdict(self.decode), "temperatures": self.temperatures}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """Raises `ModelBrokenError` for missing or impossible values."""
        try:
            temperatures = {head: float(data["temperatures"][head]) for head in HEADS}
            decode = DecodeSettings(**data["decode"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelBrokenError(f"{CALIBRATION}: {error}; run python -m models.calibrate again") from error
        if min(temperatures.values()) <= 0:
            raise ModelBrokenError(f"{CALIBRATION}: temperatures must be above 0, got {temperatures}")
        return cls(decode, temperatures)


UNCALIBRATED = Calibration(DecodeSettings(), dict.fromkeys(HEADS, 1.0))


@dataclass(frozen=True, slots=True)
class Stored:
    """A loaded model directory. `digest` identifies weights, configuration, calibration and clause rules."""

    network: UnitNetwork
    labels: LabelSet
    calibration: Calibration
    tokenizer: Path
    pad: int
    digest: str


def save(directory: Path, network: UnitNetwork, labels: LabelSet, calibration: Calibration, *, tokenizer: Path) -> None:
    """Write a model directory, replacing one that is there. `tokenizer` is the tokenizer.json to copy."""
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    save_file(pack(network.state_dict()), str(directory / WEIGHTS))
    (directory / WEIGHTS).chmod(0o644)  # the library writes for the owner only; an installed package is for all
    if tokenizer.resolve() != (directory / TOKENIZER).resolve():
        shutil.copyfile(tokenizer, directory / TOKENIZER)
    _write_json(directory / LABELS, labels.to_json())
    encoder = {key: getattr(network.encoder.config, key) for key in _ENCODER_KEYS}
    _write_json(directory / CONFIG, {"format": FORMAT, "clause_rules": RULES_VERSION, "encoder": encoder})
    save_calibration(directory, calibration)


def save_calibration(directory: Path, calibration: Calibration) -> None:
    """Write the calibration of a model directory and bring the hashes in its config up to date."""
    _write_json(directory / CALIBRATION, calibration.to_json())
    config = _read_json(directory / CONFIG)
    config["sha256"] = {name: _sha256(directory / name) for name in (WEIGHTS, TOKENIZER, CALIBRATION, LABELS)}
    _write_json(directory / CONFIG, config)


def load(directory: Path) -> Stored:
    """Read and check a model directory.

    Raises `ModelBrokenError` when a file is missing or was changed, when the clause rules are not those the
    weights were trained with, or when weights, label set and encoder do not fit together.
    """
    config = _read_json(directory / CONFIG)
    _check(directory, config)
    labels = LabelSet.from_json(_read_json(directory / LABELS))
    calibration = Calibration.from_json(_read_json(directory / CALIBRATION))
    network = _load_network(directory, config, labels)
    digest = _digest({"rules": RULES_VERSION, "config": config})
    return Stored(network, labels, calibration, directory / TOKENIZER, int(config["encoder"]["pad_token_id"]), digest)


def _load_network(directory: Path, config: dict[str, Any], labels: LabelSet) -> UnitNetwork:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from models.network import UnitNetwork, build_encoder

    try:
        encoder = build_encoder(config["encoder"])
        network = UnitNetwork(encoder, labels, hidden=int(config["encoder"]["hidden_size"]))
        network.load_state_dict(unpack(load_file(str(directory / WEIGHTS))))
    except (SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise ModelBrokenError(f"{directory}: weights do not fit {CONFIG} and {LABELS}: {error}") from error
    return network.eval()


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weight matrices as int8 with a float scale per row (name + ``.row_scale``); all else as it is."""
    import torch

    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.dim() == 2 and value.numel() >= _SMALLEST:
            scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            out[name] = torch.round(value / scale).to(torch.int8).contiguous()
            out[name + _SCALE] = scale.to(torch.float32).contiguous()
        else:
            out[name] = value.to(torch.float32).contiguous() if value.is_floating_point() else value.contiguous()
    return out


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The float32 state that `pack` stored; every value within half a row scale of the original."""
    import torch

    out = {}
    for name, value in packed.items():
        if name.endswith(_SCALE):
            continue
        scale = packed.get(name + _SCALE)
        out[name] = value if scale is None else value.to(torch.float32) * scale
    return out


def _check(directory: Path, config: dict[str, Any]) -> None:
    if "encoder" not in config or "clause_rules" not in config:
        raise ModelBrokenError(
            f"{directory}: not a unit model of this project; a plain encoder must be trained first: "
            "python -m models.train --base ENCODER --out DIR"
        )
    if config.get("format") != FORMAT:
        raise ModelBrokenError(f"{directory / CONFIG}: format {config.get('format')!r}, this version reads {FORMAT}")
    if config["clause_rules"] != RULES_VERSION:
        raise ModelBrokenError(
            f"{directory}: trained on clause rules {config['clause_rules']!r}, this version cuts by "
            f"{RULES_VERSION!r}; train again or use the version it came with"
        )
    hashes = config.get("sha256") or {}
    for name in (WEIGHTS, TOKENIZER, CALIBRATION, LABELS):
        if not (directory / name).is_file():
            raise ModelBrokenError(f"{directory / name} is missing; fetch or export the model again")
        if _sha256(directory / name) != hashes.get(name):
            raise ModelBrokenError(f"{directory / name} is not the file {CONFIG} was written for (SHA-256 differs)")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelBrokenError(f"{path} is missing; fetch or export the model again") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelBrokenError(f"{path}: not readable JSON: {error}") from error
    if not isinstance(data, dict):
        raise ModelBrokenError(f"{path}: expected an object, found {type(data).__name__}")
    return data


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode("utf-8")).hexdigest()
