"""The engine on a tiny random network: order, batches, windows, odd texts, names."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models import engine, network, onnx_scorer
from models.encode import Window
from models.engine import TransformerModel, find_model, load_model, open_directory
from models.errors import ModelBrokenError, ModelError, ModelNotFoundError
from models.labels import HEADS
from models.units import UnitModel

TEXTS = [
    "味道不错送餐太慢了包装也破了",
    "Great food but the service was slow. Would I come back? No.",
    "",
    "😋😋😋",
    "请回电[PHONE]，谢谢",
    "bad",
    "味道不错，但是送餐太慢！" * 120,
    "a" * 20000,
    "\ud800 \x00",
    "bad",
]


@pytest.fixture(scope="module", params=["onnx", "torch"])
def model(built: Path, request: pytest.FixtureRequest) -> UnitModel:
    return load_model(str(built), device="cpu", threads=2, engine=request.param)


def test_units_are_ordered_disjoint_and_inside(model: UnitModel) -> None:
    for text, units in zip(TEXTS, model.predict(TEXTS), strict=True):
        reached = 0
        for unit in units:
            assert reached <= unit.start < unit.end <= len(text)
            reached = unit.end


def test_labels_are_the_most_probable_ones(model: UnitModel) -> None:
    units = [u for found in model.predict(TEXTS) for u in found]
    assert units
    for unit in units:
        for head in HEADS:
            values = unit.probabilities[head]
            ids = model.labels.ids(head)
            label = getattr(unit, head)
            assert len(values) == len(ids)
            assert sum(values) == pytest.approx(1, abs=1e-3)
            assert label.score == max(values) == values[ids.index(label.id)]


def test_result_does_not_depend_on_neighbours_or_order(model: UnitModel) -> None:
    together = model.predict(TEXTS)
    alone = [model.predict([text])[0] for text in TEXTS]
    backwards = model.predict(TEXTS[::-1])[::-1]
    for a, b, c in zip(together, alone, backwards, strict=True):
        for other in (b, c):
            assert [(u.start, u.end) for u in a] == [(u.start, u.end) for u in other]
            for u, v in zip(a, other, strict=True):
                for head in HEADS:
                    assert u.probabilities[head] == pytest.approx(v.probabilities[head], abs=2e-4)


def test_the_fast_engine_gives_the_very_same_in_any_company(built: Path) -> None:
    one, four = (load_model(str(built), engine="onnx", threads=threads) for threads in (1, 4))
    together = one.predict(TEXTS)
    assert together == [one.predict([text])[0] for text in TEXTS]
    assert together == one.predict(TEXTS[::-1])[::-1]
    assert together == four.predict(TEXTS)


@pytest.mark.parametrize("top", [127, 255])
def test_both_engines_agree(built: Path, monkeypatch: pytest.MonkeyPatch, top: int) -> None:
    """As far as int8 can, on processors with VNNI (255) and without: the largest gap of a log-probability."""
    monkeypatch.setattr(onnx_scorer, "largest_input", lambda: top)
    reference, fast = (open_directory(str(built), engine=engine) for engine in ("torch", "onnx"))
    for (_, _, a), (_, _, b) in zip(reference.score(TEXTS), fast.score(TEXTS), strict=True):
        for head in HEADS:
            assert np.abs(a.labels[head] - b.labels[head]).max(initial=0) < 0.05
        assert np.abs(a.link - b.link).max(initial=0) < 0.05


def test_an_engine_is_chosen(built: Path) -> None:
    assert open_directory(str(built)).scorer.name in {"onnx int8, cpu", "torch, cuda"}
    assert open_directory(str(built), engine="torch", device="cpu").scorer.name == "torch, cpu"
    with pytest.raises(ModelError, match="engine 'tensorflow' is none of auto, onnx, torch"):
        load_model(str(built), engine="tensorflow")
    with pytest.raises(ModelError, match="needs engine torch"):
        load_model(str(built), engine="onnx", device="cuda:7")


def test_an_activation_that_the_fast_engine_has_not_goes_to_torch(tiny_model: Path) -> None:
    config = json.loads((tiny_model / "config.json").read_text(encoding="utf-8"))
    config["encoder"]["hidden_act"] = "relu"
    (tiny_model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert open_directory(str(tiny_model), device="cpu").scorer.name == "torch, cpu"


def test_the_fast_engine_refuses_an_activation_that_it_has_not(tiny_model: Path) -> None:
    config = json.loads((tiny_model / "config.json").read_text(encoding="utf-8"))
    config["encoder"]["hidden_act"] = "relu"
    (tiny_model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="needs engine torch"):
        load_model(str(tiny_model), engine="onnx")


def test_repeated_runs_are_identical(model: UnitModel) -> None:
    assert model.predict(TEXTS) == model.predict(TEXTS)


def test_progress_adds_up_to_the_number_of_texts(model: UnitModel) -> None:
    seen: list[int] = []
    model.predict(TEXTS, progress=seen.append)
    assert sum(seen) == len(TEXTS)


def test_equal_texts_run_once_and_get_lists_of_their_own(model: UnitModel, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = TransformerModel._score
    monkeypatch.setattr(
        TransformerModel, "_score", lambda self, encoded: asked.append(len(encoded)) or original(self, encoded)
    )
    first, second = model.predict(["好吃", "好吃"])
    assert asked == [1]
    assert first == second
    assert first is not second


def test_many_chunks_give_what_one_gives(model: UnitModel, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"第{n}次来，味道不错，但是送餐太慢" for n in range(7)] + ["", "late again, but tasty"]
    whole = model.predict(texts)
    monkeypatch.setattr(engine, "_FIRST", 1)
    monkeypatch.setattr(engine, "_CHUNK", 2)
    done: list[int] = []
    assert model.predict(texts, progress=done.append) == whole
    assert sum(done) == len(texts)


def test_chunks_grow_and_long_texts_end_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_FIRST", 2)
    monkeypatch.setattr(engine, "_CHUNK", 4)
    monkeypatch.setattr(engine, "_CHARACTERS", 100)
    texts = ["a"] * 8 + ["b" * 101] + ["c"] * 5
    assert [len(chunk) for chunk in engine._chunks(texts)] == [2, 4, 3, 4, 1]
    assert list(engine._chunks([])) == []


def test_windows_of_one_length_share_a_batch_unless_the_scorer_pads(built: Path) -> None:
    model = open_directory(str(built))
    encoded = model._encode(["短", "很短的", "短", "a long text about the food and the slow service"] * 40)
    lengths = [[len(encoded[n].windows[k].ids) for n, k in b] for b in engine._batches(encoded, 64, pads=False)]
    assert all(len(set(batch)) == 1 and sum(batch) <= 64 for batch in lengths)
    assert sum(map(len, lengths)) == 160
    padded = [{len(encoded[n].windows[k].ids) for n, k in b} for b in engine._batches(encoded, 640, pads=True)]
    assert any(len(batch) > 1 for batch in padded)


def test_clauses_are_pooled_alike_by_both_engines() -> None:
    clauses = [(-1, 0, 0, 1, 1, 1, 2, -1), (-1, 0, 0, 0, 0, 0, 0, -1), (-1, 0, 1, 2, 3, 4, 5, -1)]
    windows = [Window(tuple(range(8)), clause, 0, max(clause) + 1) for clause in clauses]
    states = np.random.default_rng(1).normal(size=(len(windows), len(windows[0].ids), 8)).astype(np.float32)
    expected = network.pool(torch.from_numpy(states), network.collate(windows, pad=1)).numpy()
    np.testing.assert_allclose(onnx_scorer.pool(states, windows), expected, atol=1e-5)


def test_no_unit_cuts_a_mask(model: UnitModel) -> None:
    text = "电话[PHONE]没人接，邮箱[EMAIL]也没回 and [ID] lost"
    masks = [range(text.index(m) + 1, text.index(m) + len(m)) for m in ("[PHONE]", "[EMAIL]", "[ID]")]
    for unit in model.predict([text])[0]:
        assert not any(edge in mask for edge in (unit.start, unit.end) for mask in masks)


def test_empty_input(model: UnitModel) -> None:
    assert model.predict([]) == []


def test_model_id_names_the_content(tiny_model: Path, model: UnitModel) -> None:
    again = load_model(str(tiny_model))
    assert model.model_id == again.model_id
    assert model.model_id.startswith("tiny-")


def test_names() -> None:
    assert find_model("current").is_dir()
    assert load_model("lexicon").model_id.startswith("lexicon-")


@pytest.mark.parametrize("name", ["/nowhere/model", "nowhere", "./nowhere", "a/b/c"])
def test_unknown_name(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="Hugging Face id"):
        load_model(name)


def test_hub_without_network_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def refuse(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ModelNotFoundError, match="give its directory"):
        load_model("somebody/model")


def test_unknown_device(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match="abacus"):
        load_model(str(tiny_model), device="abacus")


def test_a_plain_encoder_is_refused(tiny_encoder: Path) -> None:
    with pytest.raises(ModelBrokenError, match=r"models\.train"):
        load_model(str(tiny_encoder))
