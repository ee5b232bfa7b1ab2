"""Writing and loading model directories, and every way in which one can be broken."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.decode import DecodeSettings
from models.errors import ModelBrokenError
from models.labels import GENERIC, HEADS, LANGS
from models.network import UnitNetwork
from models.storage import UNCALIBRATED, Calibration, load, pack, save, save_calibration, unpack

from .conftest import SHIPPED


def test_round_trip(network: UnitNetwork, tiny_model: Path) -> None:
    stored = load(tiny_model)
    assert stored.labels == GENERIC
    for (name, before), (_, after) in zip(
        network.state_dict().items(), stored.network().state_dict().items(), strict=True
    ):
        limit = before.abs().amax() / 127 if before.dim() == 2 else 1e-7
        assert (before - after).abs().amax() <= limit, name


def test_packing_keeps_each_value_within_half_a_step() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(80, 64) * torch.linspace(0.01, 10, 80).unsqueeze(1)
    back = unpack(pack({"m": matrix}))["m"]
    assert torch.all((matrix - back).abs() <= matrix.abs().amax(dim=1, keepdim=True) / 254 * 1.001)


def test_saving_a_loaded_model_again_changes_nothing(tiny_model: Path, tmp_path: Path) -> None:
    stored = load(tiny_model)
    again = tmp_path / "again"
    save(
        again,
        stored.network(),
        stored.labels,
        stored.calibration,
        scalings=stored.scalings(),
        tokenizer=stored.tokenizer,
    )
    assert load(again).digest == stored.digest


def test_calibration_is_part_of_the_digest(tiny_model: Path) -> None:
    before = load(tiny_model)
    chosen = Calibration(DecodeSettings(0.9, 0.1), dict.fromkeys(LANGS, dict.fromkeys(HEADS, 1.5)))
    save_calibration(tiny_model, chosen)
    after = load(tiny_model)
    assert after.calibration == chosen
    assert after.digest != before.digest


def test_weights_of_other_clause_rules_may_be_trained_further_but_not_used(tiny_model: Path) -> None:
    edit("config.json", lambda c: c.update(clause_rules="0"))(tiny_model)
    assert load(tiny_model, any_rules=True).labels == GENERIC
    with pytest.raises(ModelBrokenError, match="clause rules"):
        load(tiny_model)


def edit(name: str, change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def apply(directory: Path) -> None:
        data = json.loads((directory / name).read_text(encoding="utf-8"))
        change(data)
        (directory / name).write_text(json.dumps(data), encoding="utf-8")

    return apply


def rewrite(directory: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Other weights under a hash that fits."""
    tensors = load_file(directory / "model.safetensors")
    change(tensors)
    save_file(tensors, directory / "model.safetensors")
    save_calibration(directory, UNCALIBRATED)


def rescale(directory: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Other scales of activations under a hash that fits."""
    tensors = load_file(directory / "activations.safetensors")
    change(tensors)
    save_file(tensors, directory / "activations.safetensors")
    save_calibration(directory, UNCALIBRATED)


def shorten(directory: Path) -> None:
    """Weights cut off in the middle, under a hash that fits."""
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    save_calibration(directory, UNCALIBRATED)


def calibrate(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Another calibration under a hash that fits."""

    def apply(directory: Path) -> None:
        edit("calibration.json", change)(directory)
        config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        config["sha256"]["calibration.json"] = hashlib.sha256((directory / "calibration.json").read_bytes()).hexdigest()
        (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")

    return apply


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda d: (d / "config.json").unlink(), r"config\.json is missing"),
        (lambda d: (d / "model.safetensors").unlink(), r"model\.safetensors is missing"),
        (lambda d: (d / "model.safetensors").write_bytes(b"x" * 100), "SHA-256"),
        (lambda d: (d / "config.json").write_text("[1]"), "expected an object"),
        (lambda d: (d / "config.json").write_bytes(b"\xff\xfe"), "not readable JSON"),
        (edit("labels.json", lambda c: c.update(intent=["praise"])), "SHA-256"),
        (edit("config.json", lambda c: c.update(clause_rules="0")), "clause rules '0'"),
        (edit("config.json", lambda c: c.update(format=99)), "format 99"),
        (lambda d: rewrite(d, lambda t: t.pop("trunk.0.bias")), r"trunk\.0\.bias is None, should be \(384,\)"),
        (lambda d: rewrite(d, lambda t: t.update(more=t["trunk.0.bias"].clone())), r"more is \(384,\), should be None"),
        (shorten, "do not fit"),
        (lambda d: (d / "activations.safetensors").unlink(), r"activations\.safetensors is missing"),
        (lambda d: (d / "activations.safetensors").write_bytes(b"x" * 100), "SHA-256"),
        (lambda d: rescale(d, lambda t: t.pop(next(iter(t)))), r"activations\.safetensors does not fit .* missing"),
        (lambda d: rescale(d, lambda t: t.update({k: -v for k, v in t.items() if "reach" in k})), "reach has to go"),
        (edit("config.json", lambda c: c["encoder"].update(hidden_size=48)), "do not fit"),  # type: ignore[index, attr-defined]
        (edit("config.json", lambda c: c["encoder"].pop("vocab_size")), "encoder.vocab_size: Field required"),  # type: ignore[index, attr-defined]
        (edit("config.json", lambda c: c["encoder"].pop("layer_norm_eps")), "encoder.layer_norm_eps: Field required"),  # type: ignore[index, attr-defined]
        (edit("config.json", lambda c: c["encoder"].update(num_attention_heads=5)), "24 is no multiple of 5 heads"),  # type: ignore[index, attr-defined]
        (
            edit("config.json", lambda c: c["encoder"].update(max_position_embeddings=128)),
            "greater than or equal to 512",
        ),  # type: ignore[index, attr-defined]
        (edit("config.json", lambda c: c.update(sha256=["a"])), "sha256: Input should be a valid dictionary"),
        (calibrate(lambda c: c["decode"].update(max_clauses=0)), "decode.max_clauses: Input should be greater than 0"),
        (calibrate(lambda c: c["decode"].update(label_weight="0.5")), "decode.label_weight: Input should be a valid"),
        (calibrate(lambda c: c["temperatures"]["zh"].update(stage=float("nan"))), "zh.stage: Input should be"),
        (calibrate(lambda c: c["temperatures"]["zh"].update(stage=0)), "zh.stage: Input should be greater than 0"),
        (calibrate(lambda c: c["temperatures"]["en"].pop("intent")), "no temperature for en intent"),
        (edit("config.json", lambda c: c.pop("encoder")), "plain encoder"),
    ],
)
def test_damage_is_named(tiny_model: Path, damage: Callable[[Path], None], expected: str) -> None:
    damage(tiny_model)
    with pytest.raises(ModelBrokenError, match=expected):
        load(tiny_model)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"decode": {}, "temperatures": {}},
        {"decode": {}, "temperatures": dict.fromkeys(HEADS, 1)},
        {"decode": {"speed": 1}, "temperatures": dict.fromkeys(LANGS, dict.fromkeys(HEADS, 1))},
        {"decode": {}, "temperatures": dict.fromkeys(LANGS, dict.fromkeys(HEADS, 0))},
    ],
)
def test_broken_calibration(data: dict[str, object]) -> None:
    with pytest.raises(ModelBrokenError, match=r"calibration\.json"):
        Calibration.from_json(data)


def test_shipped_model_is_small_and_names_no_machine() -> None:
    assert sum(p.stat().st_size for p in SHIPPED.iterdir()) <= 60_000_000
    for path in SHIPPED.glob("*.json"):
        if path.name != "tokenizer.json":
            assert "/work" not in path.read_text(encoding="utf-8")
            assert "/home" not in path.read_text(encoding="utf-8")
