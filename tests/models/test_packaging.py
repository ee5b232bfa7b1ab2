"""What is said about a model, and copies of it that work."""

from pathlib import Path

import onnx
import pytest

from models.engine import load_model
from models.errors import ModelError, ModelNotFoundError
from models.packaging import export, facts


def test_facts_name_the_model(built: Path) -> None:
    found = dict(facts(str(built)))
    assert found["model"] == load_model(str(built)).model_id
    assert found["encoder"] == "2 layers, hidden size 24, 44,000 word pieces, 512 positions"
    assert found["labels"] == "3 sentiment, 8 stage, 15 touchpoint, 5 intent"
    assert found["card"] == "none"


def test_a_copy_is_the_same_model(built: Path, tmp_path: Path) -> None:
    export(str(built), tmp_path / "copy")
    texts = ["味道不错送餐太慢了", "great food but late"]
    assert load_model(str(tmp_path / "copy")).predict(texts) == load_model(str(built)).predict(texts)


def test_graphs_are_valid(built: Path, tmp_path: Path) -> None:
    names = {path.name for path in export(str(built), tmp_path / "copy", onnx=True)}
    assert {"encoder.onnx", "heads.onnx", "model.safetensors", "activations.safetensors"} <= names
    heads = onnx.load(tmp_path / "copy" / "heads.onnx")
    assert [output.name for output in heads.graph.output] == ["sentiment", "stage", "touchpoint", "intent", "link"]
    load_model(str(tmp_path / "copy"))


def test_nothing_is_overwritten_or_left_half_made(built: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="exists already"):
        export(str(built), tmp_path)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be written"):
        export(str(built), tmp_path / "file" / "copy")
    with pytest.raises(ModelNotFoundError):
        export("nowhere", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
