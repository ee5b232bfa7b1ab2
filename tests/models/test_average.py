"""The mean of several models: its weights, what cannot be averaged, and the finished directory."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from models.average import average, main
from models.engine import load_model
from models.errors import ModelError
from models.labels import GENERIC
from models.network import UnitNetwork, build_encoder
from models.storage import UNCALIBRATED, load, save

from .conftest import SHIPPED, TINY
from .test_train import texts, write

TOKENIZER = SHIPPED / "tokenizer.json"


@pytest.fixture
def other(built: Path, tmp_path: Path) -> Path:
    """A model like `built` with other weights."""
    torch.manual_seed(8)
    network = UnitNetwork(build_encoder(TINY), GENERIC, hidden=TINY["hidden_size"]).eval()
    save(tmp_path / "other", network, GENERIC, UNCALIBRATED, scalings=load(built).scalings(), tokenizer=TOKENIZER)
    return tmp_path / "other"


def test_every_weight_is_the_mean(built: Path, other: Path) -> None:
    models = [load(built), load(other), load(other)]
    states = [model.network().state_dict() for model in models]
    for name, value in average(models).state_dict().items():
        assert torch.allclose(value, (states[0][name] + 2 * states[1][name]) / 3, atol=1e-6), name


def test_models_of_another_shape_are_refused(built: Path, tmp_path: Path) -> None:
    shape = {**TINY, "num_hidden_layers": 1}
    scalings = {k: v for k, v in load(built).scalings().items() if ".layer.0." in k}
    network = UnitNetwork(build_encoder(shape), GENERIC, hidden=TINY["hidden_size"])
    save(tmp_path / "small", network, GENERIC, UNCALIBRATED, scalings=scalings, tokenizer=TOKENIZER)
    with pytest.raises(ModelError, match=r"small: not the shape"):
        average([load(built), load(tmp_path / "small")])


def test_models_of_another_tokenizer_are_refused(built: Path, tmp_path: Path) -> None:
    data = json.loads(TOKENIZER.read_text(encoding="utf-8"))
    data["added_tokens"] = data["added_tokens"][:-1]
    (tmp_path / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    first, target = load(built), tmp_path / "retold"
    save(
        target,
        first.network(),
        GENERIC,
        UNCALIBRATED,
        scalings=first.scalings(),
        tokenizer=tmp_path / "tokenizer.json",
    )
    with pytest.raises(ModelError, match=r"retold: not the tokenizer"):
        average([first, load(target)])


def test_command_writes_a_model_that_loads(
    built: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = write(tmp_path / "own.jsonl", texts(60))
    out = tmp_path / "mean"
    assert main([str(built), str(other), "--own", str(own), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    mean, found = average([load(built), load(other)]).state_dict(), load(out).network().state_dict()
    for name, value in mean.items():
        assert torch.allclose(found[name], value, atol=float(value.abs().max()) / 200), name
    assert load(out).calibration != UNCALIBRATED
    assert load_model(str(out)).predict(["味道不错"])


def test_one_model_is_no_average(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(built), "--out", str(tmp_path / "mean")]) == 2
    assert "two models or more" in capsys.readouterr().err


def test_models_of_other_labels_are_refused(built: Path) -> None:
    first = load(built)
    other = replace(first, labels=replace(first.labels, taxonomy="hotels"))
    with pytest.raises(ModelError, match="not the labels"):
        average([first, other])


def test_command_says_what_is_missing(built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = write(tmp_path / "own.jsonl", [g for g in texts(60) if g.part != "dev"])
    assert main([str(built), str(built), "--own", str(own), "--out", str(tmp_path / "mean")]) == 2
    assert "dev part" in capsys.readouterr().err
    assert main([str(built), str(tmp_path / "none"), "--own", str(own), "--out", str(tmp_path / "mean")]) == 2
    assert "none" in capsys.readouterr().err
