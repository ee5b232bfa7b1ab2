"""Model directories: writing, checking, loading. Safetensors and JSON only; nothing is ever unpickled.

A directory holds `config.json` (encoder, clause rules, SHA-256 of the other files), `labels.json`, `calibration.json`,
`tokenizer.json`, `model.safetensors` and `activations.safetensors`. Weight matrices are stored as int8 with one scale
per row: they take a quarter of the space. The torch engine turns them back to float on load and computes in plain
float32; the fast engine computes in int8, with activations scaled as `activations.safetensors` says.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.clauses import RULES_VERSION
from models.decode import DecodeSettings
from models.errors import ModelBrokenError
from models.labels import HEADS, LANGS, LabelSet
from models.quantise import Scaling, from_tensors, products, reads_units, to_tensors
from models.schema import REMEDY, CalibrationFile, ConfigFile, EncoderConfig, checked

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from models.network import UnitNetwork

FORMAT = 3
WEIGHTS, SCALINGS, TOKENIZER, CALIBRATION, LABELS, CONFIG = (
    "model.safetensors",
    "activations.safetensors",
    "tokenizer.json",
    "calibration.json",
    "labels.json",
    "config.json",
)
CARD = "README.md"
HASHED = (WEIGHTS, SCALINGS, TOKENIZER, CALIBRATION, LABELS)
"""Files whose content `config.json` vouches for."""
ROW_SCALE = ".row_scale"
"""Suffix of the tensor that holds the scales of an int8 matrix."""
Shapes = dict[str, tuple[int, ...]]
_SMALLEST = 4096  # elements; smaller matrices gain nothing


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the dev part decided: how units are decoded, and a temperature per language and head for the
    probabilities.
    """

    decode: DecodeSettings
    temperatures: dict[str, dict[str, float]]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for `json.dump`."""
        return {"decode": asdict(self.decode), "temperatures": self.temperatures}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Calibration:
        """Raises `ModelBrokenError` for missing or impossible values."""
        found = checked(CalibrationFile, data, CALIBRATION)
        for lang in LANGS:
            for head in HEADS:
                if head not in found.temperatures.get(lang, {}):
                    raise ModelBrokenError(f"{CALIBRATION}: no temperature for {lang} {head}; {REMEDY}")
        return cls(DecodeSettings(**found.decode.model_dump()), found.temperatures)


UNCALIBRATED = Calibration(DecodeSettings(), {lang: dict.fromkeys(HEADS, 1.0) for lang in LANGS})


@dataclass(frozen=True, slots=True)
class Stored:
    """A checked model directory. `digest` identifies weights, scales, configuration, calibration and clause
    rules.
    """

    directory: Path
    labels: LabelSet
    calibration: Calibration
    encoder: dict[str, Any]
    """Configuration of the encoder, as transformers names it."""
    digest: str

    @property
    def tokenizer(self) -> Path:
        """The tokenizer's file."""
        return self.directory / TOKENIZER

    def model_id(self, name: str) -> str:
        """The model's name and the first 12 digits of its digest: what results are keyed by."""
        return f"{Path(name).name}-{self.digest[:12]}"

    @property
    def pad(self) -> int:
        """Token id of padding."""
        return int(self.encoder["pad_token_id"])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The weights as stored: int8 matrices with their row scales, the rest float32."""
        from safetensors.numpy import load_file

        return dict(load_file(str(self.directory / WEIGHTS)))

    def scalings(self) -> dict[str, Scaling]:
        """How the inputs of the encoder's products are scaled for int8."""
        from safetensors.numpy import load_file

        return from_tensors(load_file(str(self.directory / SCALINGS)), _widths(self.encoder))

    def network(self) -> UnitNetwork:
        """The network in float32, ready to compute."""
        from safetensors.torch import load_file

        from models.network import UnitNetwork, build_encoder

        network = UnitNetwork(build_encoder(self.encoder), self.labels, hidden=int(self.encoder["hidden_size"]))
        network.load_state_dict(unpack(load_file(str(self.directory / WEIGHTS))))
        return network.eval()


def save(
    directory: Path,
    network: UnitNetwork,
    labels: LabelSet,
    calibration: Calibration,
    *,
    scalings: Mapping[str, Scaling],
    tokenizer: Path,
) -> None:
    """Write a model directory, replacing one that is there. `tokenizer` is the tokenizer.json to copy."""
    from safetensors.numpy import save_file as save_arrays
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    save_file(pack(network.state_dict()), str(directory / WEIGHTS))
    save_arrays(to_tensors(scalings), str(directory / SCALINGS))
    for name in (WEIGHTS, SCALINGS):
        (directory / name).chmod(0o644)  # the library writes for the owner only; an installed package is for all
    if tokenizer.resolve() != (directory / TOKENIZER).resolve():
        shutil.copyfile(tokenizer, directory / TOKENIZER)
    _write_json(directory / LABELS, labels.to_json())
    encoder = {key: getattr(network.encoder.config, key) for key in EncoderConfig.model_fields}
    _write_json(directory / CONFIG, {"format": FORMAT, "clause_rules": RULES_VERSION, "encoder": encoder})
    save_calibration(directory, calibration)


def save_calibration(directory: Path, calibration: Calibration) -> None:
    """Write the calibration of a model directory and bring the hashes in its config up to date."""
    _write_json(directory / CALIBRATION, calibration.to_json())
    config = _read_json(directory / CONFIG)
    config["sha256"] = {name: _sha256(directory / name) for name in HASHED}
    _write_json(directory / CONFIG, config)


def load(directory: Path, *, any_rules: bool = False) -> Stored:
    """Read and check a model directory; weights are read when they are asked for.

    `any_rules` accepts weights of other clause rules: to train them further, not to use them.

    Raises `ModelBrokenError` when a file is missing or was changed, when the clause rules are not those the
    weights were trained with, or when a file does not hold what it should.
    """
    config = _read_json(directory / CONFIG)
    _check(directory, config, any_rules=any_rules)
    labels = LabelSet.from_json(_read_json(directory / LABELS))
    calibration = Calibration.from_json(_read_json(directory / CALIBRATION))
    _check_shapes(directory, config["encoder"], labels)
    digest = _digest({"rules": RULES_VERSION, "config": config})
    stored = Stored(directory, labels, calibration, config["encoder"], digest)
    _check_scalings(stored)
    return stored


def pack(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weight matrices as int8 with a float scale per row (name + ``.row_scale``); all else as it is."""
    import torch

    out: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.dim() == 2 and value.numel() >= _SMALLEST:
            scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            out[name] = torch.round(value / scale).to(torch.int8).contiguous()
            out[name + ROW_SCALE] = scale.to(torch.float32).contiguous()
        else:
            out[name] = value.to(torch.float32).contiguous() if value.is_floating_point() else value.contiguous()
    return out


def unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    """The float32 state that `pack` stored; every value within half a row scale of the original."""
    import torch

    out = {}
    for name, value in packed.items():
        if name.endswith(ROW_SCALE):
            continue
        scale = packed.get(name + ROW_SCALE)
        out[name] = value if scale is None else value.to(torch.float32) * scale
    return out


def _check(directory: Path, config: dict[str, Any], *, any_rules: bool) -> None:
    if "encoder" not in config or "clause_rules" not in config:
        raise ModelBrokenError(
            f"{directory}: not a unit model of this project; a plain encoder must be trained first: "
            "python -m models.train --base ENCODER --out DIR"
        )
    if config.get("format") != FORMAT:
        raise ModelBrokenError(f"{directory / CONFIG}: format {config.get('format')!r}, this version reads {FORMAT}")
    if config["clause_rules"] != RULES_VERSION and not any_rules:
        raise ModelBrokenError(
            f"{directory}: trained on clause rules {config['clause_rules']!r}, this version cuts by "
            f"{RULES_VERSION!r}; train again or use the version it came with"
        )
    hashes = checked(ConfigFile, config, str(directory / CONFIG)).sha256
    for name in HASHED:
        if not (directory / name).is_file():
            raise ModelBrokenError(f"{directory / name} is missing; fetch or export the model again")
        if _sha256(directory / name) != hashes.get(name):
            raise ModelBrokenError(f"{directory / name} is not the file {CONFIG} was written for (SHA-256 differs)")


def _check_shapes(directory: Path, encoder: dict[str, Any], labels: LabelSet) -> None:
    """Raises `ModelBrokenError` unless every weight is there, in the shape that encoder and labels ask for."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(directory / WEIGHTS), "np") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        found = {name: shape for name, shape in found.items() if not name.endswith(ROW_SCALE)}
        expected = _shapes(encoder, labels, found)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelBrokenError(f"{directory}: weights do not fit {CONFIG} and {LABELS}: {error!r}") from error
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise ModelBrokenError(
                f"{directory}: weights do not fit {CONFIG} and {LABELS}: {name} is {found.get(name)}, "
                f"should be {expected.get(name)}"
            )


def _check_scalings(stored: Stored) -> None:
    from safetensors import SafetensorError

    try:
        stored.scalings()
    except (SafetensorError, ValueError) as error:
        raise ModelBrokenError(f"{stored.directory / SCALINGS} does not fit {CONFIG}: {error}") from error


def _widths(encoder: dict[str, Any]) -> dict[str, int]:
    """How many channels each product of the encoder reads."""
    hidden, inner = int(encoder["hidden_size"]), int(encoder["intermediate_size"])
    names = [group[0] for group in products(int(encoder["num_hidden_layers"]))]
    return {name: inner if reads_units(name) else hidden for name in names}


def _shapes(encoder: dict[str, Any], labels: LabelSet, found: Shapes) -> Shapes:
    """Names and shapes of all weights; the inner widths of the heads are the model's own."""
    hidden, inner = int(encoder["hidden_size"]), int(encoder["intermediate_size"])
    trunk, link = found["trunk.0.weight"][0], found["link_trunk.0.weight"][0]
    pair = found["link.0.weight"][0]
    linear = {
        "trunk.0": (trunk, 3 * hidden),
        "link_trunk.0": (link, 3 * hidden),
        "link.0": (pair, 4 * link),
        "link.2": (1, pair),
        **{f"heads.{head}": (labels.classes(head), trunk) for head in HEADS},
    }
    norms = ["encoder.embeddings.LayerNorm"]
    for layer in range(int(encoder["num_hidden_layers"])):
        at = f"encoder.encoder.layer.{layer}"
        linear |= {f"{at}.attention.self.{part}": (hidden, hidden) for part in ("query", "key", "value")}
        linear |= {f"{at}.attention.output.dense": (hidden, hidden)}
        linear |= {f"{at}.intermediate.dense": (inner, hidden), f"{at}.output.dense": (hidden, inner)}
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    return {
        **{f"encoder.embeddings.{name}_embeddings.weight": (int(encoder[key]), hidden) for name, key in tables.items()},
        **{f"{name}.weight": shape for name, shape in linear.items()},
        **{f"{name}.bias": shape[:1] for name, shape in linear.items()},
        **{f"{name}.{part}": (hidden,) for name in norms for part in ("weight", "bias")},
    }


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
