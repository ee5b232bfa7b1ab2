"""Training on a tiny encoder: it learns, it ends, and a kill in the middle changes nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models import train as training
from models.batches import make_batches
from models.encode import load_tokenizer
from models.engine import load_model
from models.errors import ModelError
from models.gold import GoldText, GoldUnit, split_part, usable_texts
from models.labels import GENERIC
from models.loop import Settings
from models.network import Batch, collate
from models.objective import make_examples
from models.soft import SIZES, SoftExample
from models.storage import load
from models.train import Trainer, hide_tokens, keep_layers, load_pretrained, main

GOOD = ("positive", "usage", "product", "praise")
LATE = ("negative", "delivery", "fulfilment", "complaint")


def texts(count: int) -> list[GoldText]:
    made = []
    for n in range(count):
        text = "味道不错，但是送餐太慢" if n % 2 else "tasty food, but late delivery"
        cut = text.index("but") if n % 2 == 0 else text.index("但是")
        units = (GoldUnit(0, cut, *GOOD), GoldUnit(cut, len(text), *LATE))
        made.append(
            GoldText(f"t{n}", "zh" if n % 2 else "en", "own", "", "own", f"t{n}", text, units, split_part(f"t{n}"))
        )
    return made


def write(path: Path, gold: list[GoldText], *, source: str = "own") -> Path:
    lines = []
    for g in gold:
        units = [u._asdict() for u in g.units]
        lines.append(json.dumps({"id": g.id, "lang": g.lang, "source": source, "text": g.text, "units": units}))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def trainer(base: Path, out: Path, *, mask: int | None = None, **change: float) -> Trainer:
    torch.manual_seed(1)
    examples = make_examples(texts(24), load_tokenizer(base / "tokenizer.json"), GENERIC)
    settings = Settings(**{"epochs": 3, "tokens": 64, "threads": 1, **change})  # type: ignore[arg-type]
    return Trainer(load_pretrained(base, GENERIC), examples, settings, out, pad=1, mask=mask)


def test_loss_falls(tiny_encoder: Path, tmp_path: Path) -> None:
    run = trainer(tiny_encoder, tmp_path, epochs=12, lr=3e-3)
    losses: list[torch.Tensor] = []
    run._report = losses.append  # type: ignore[method-assign]
    run.run()
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_killed_and_resumed_is_the_same_as_uninterrupted(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trainer(tiny_encoder, tmp_path / "whole")
    whole.run()

    killed = trainer(tiny_encoder, tmp_path / "killed")
    step = killed._step

    def dies_after_seven(*args: object) -> None:
        if killed.progress.step == 7:
            raise KeyboardInterrupt
        step(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(killed, "_step", dies_after_seven)
    with pytest.raises(KeyboardInterrupt):
        killed.run(every_seconds=0.0)
    resumed = trainer(tiny_encoder, tmp_path / "killed")
    resumed.run()

    assert resumed.progress.step == whole.progress.step == whole.total
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


@pytest.mark.parametrize("change", [{"seed": 9}, {"lr": 2e-4}, {"epochs": 4}])
def test_a_checkpoint_of_another_training_is_refused(
    tiny_encoder: Path, tmp_path: Path, change: dict[str, float]
) -> None:
    trainer(tiny_encoder, tmp_path).run()
    with pytest.raises(ModelError, match="another directory"):
        trainer(tiny_encoder, tmp_path, **change).run()
    done = trainer(tiny_encoder, tmp_path, threads=2, max_minutes=50)
    done.run()
    assert done.progress.step == done.total


def test_a_checkpoint_of_other_data_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    trainer(tiny_encoder, tmp_path).run()
    torch.manual_seed(1)
    examples = make_examples(texts(22), load_tokenizer(tiny_encoder / "tokenizer.json"), GENERIC)
    settings = Settings(epochs=3, tokens=64, threads=1)
    other = Trainer(load_pretrained(tiny_encoder, GENERIC), examples, settings, tmp_path, pad=1)
    with pytest.raises(ModelError, match="other data"):
        other.run()


def test_a_checkpoint_of_other_teachers_is_refused(tiny_encoder: Path, tmp_path: Path) -> None:
    def student(said: float) -> Trainer:
        torch.manual_seed(1)
        examples = make_examples(texts(24), load_tokenizer(tiny_encoder / "tokenizer.json"), GENERIC)
        labels = np.full((examples[0].window.size, sum(SIZES.values())), said, dtype=np.float16)
        soft = [SoftExample(examples[0].window, labels, np.zeros(examples[0].window.size - 1, np.float16))]
        settings = Settings(epochs=1, tokens=64, threads=1)
        return Trainer(load_pretrained(tiny_encoder, GENERIC), examples, settings, tmp_path, pad=1, soft=soft)

    student(-1.0).run()
    with pytest.raises(ModelError, match="other data"):
        student(-2.0).run()


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_part_that_is_missing_is_an_error_before_the_training(
    tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    own = write(tmp_path / "own.jsonl", [g for g in texts(60) if g.part != part])
    out = tmp_path / "out"
    assert main(["--out", str(out), "--base", str(tiny_encoder), "--own", str(own)]) == 2
    assert f"the {part} part (0 given)" in capsys.readouterr().err
    assert not out.exists()


def test_time_limit_ends_the_schedule(tiny_encoder: Path, tmp_path: Path) -> None:
    run = trainer(tiny_encoder, tmp_path, epochs=10_000, max_minutes=0.01)
    run.run()
    assert 1 <= run.progress.step < run.total
    rates = [g["lr"] / peak for g, peak in zip(run.optimizer.param_groups, run.peaks, strict=True)]
    assert max(rates) < 0.3, "annealed although the steps were not used up"


def test_hidden_tokens_are_those_of_clauses(tiny_encoder: Path) -> None:
    examples = make_examples(texts(40), load_tokenizer(tiny_encoder / "tokenizer.json"), GENERIC)
    batch = collate([e.window for e in examples], pad=1)
    torch.manual_seed(2)
    hidden = hide_tokens(batch, 0.3, 43_999)
    changed = hidden.ids != batch.ids
    assert (hidden.ids[changed] == 43_999).all()
    assert not changed[batch.clause < 0].any(), "special tokens and padding stay"
    assert 0.2 < float(changed[batch.clause >= 0].float().mean()) < 0.4


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_network_reads_what_is_hidden(tiny_encoder: Path, tmp_path: Path, share: float) -> None:
    run = trainer(tiny_encoder, tmp_path, mask=43_999, hide=share)
    read: list[torch.Tensor] = []
    run.network.register_forward_pre_hook(lambda _network, inputs: read.append(inputs[0].ids))
    run.run()
    assert all(bool((ids == 43_999).any()) is (share > 0) for ids in read)


@pytest.mark.parametrize(
    ("share", "mask", "expected"),
    [(0.1, None, "<mask>"), (1.0, 9, "below 1"), (-0.1, 9, "0"), (float("nan"), 9, "nan")],
)
def test_tokens_that_cannot_be_hidden(
    tiny_encoder: Path, tmp_path: Path, share: float, mask: int | None, expected: str
) -> None:
    with pytest.raises(ModelError, match=expected):
        trainer(tiny_encoder, tmp_path, mask=mask, hide=share)


def test_command_hides_behind_the_token_of_the_tokenizer(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, int]] = []

    def hide(batch: Batch, share: float, mask: int) -> Batch:
        seen.append((share, mask))
        return batch

    monkeypatch.setattr(training, "hide_tokens", hide)
    own = write(tmp_path / "own.jsonl", texts(60))
    given = ["--out", str(tmp_path / "out"), "--base", str(tiny_encoder), "--own", str(own), "--threads", "1"]
    assert main([*given, "--epochs", "1", "--hide", "0.1"]) == 0
    mask = load_tokenizer(tiny_encoder / "tokenizer.json").token_to_id("<mask>")
    assert mask is not None
    assert set(seen) == {(0.1, mask)}


def test_word_embeddings_do_not_move(tiny_encoder: Path, tmp_path: Path) -> None:
    run = trainer(tiny_encoder, tmp_path)
    before = run.network.state_dict()["encoder.embeddings.word_embeddings.weight"].clone()
    run.run()
    assert torch.equal(before, run.network.state_dict()["encoder.embeddings.word_embeddings.weight"])


def test_batches_hold_every_example_once_within_the_budget(tiny_encoder: Path) -> None:
    examples = make_examples(texts(40), load_tokenizer(tiny_encoder / "tokenizer.json"), GENERIC)
    batches = make_batches(examples, lambda e: len(e.window.ids), tokens=60, texts=3, seed=5)
    assert sorted(id(e) for b in batches for e in b) == sorted(id(e) for e in examples)
    assert all(len(b) * max(len(e.window.ids) for e in b) <= 60 and len(b) <= 3 for b in batches)
    assert batches != make_batches(examples, lambda e: len(e.window.ids), tokens=60, texts=3, seed=6)


def test_fewer_layers_end_with_the_last_one(tiny_encoder: Path) -> None:
    whole, shallower = load_pretrained(tiny_encoder, GENERIC), load_pretrained(tiny_encoder, GENERIC)
    keep_layers(shallower, 1)
    assert len(shallower.encoder.encoder.layer) == shallower.encoder.config.num_hidden_layers == 1
    last = whole.encoder.encoder.layer[-1].state_dict()
    assert all((value == last[name]).all() for name, value in shallower.encoder.encoder.layer[0].state_dict().items())
    with pytest.raises(ModelError, match="1 to 2"):
        keep_layers(whole, 3)


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"model_type": "roberta"}, "'roberta'"), ({"max_position_embeddings": 128}, "128 positions"), (None, "neither")],
)
def test_another_encoder_is_refused(
    tiny_encoder: Path, tmp_path: Path, change: dict[str, object] | None, expected: str
) -> None:
    if change is not None:
        config = json.loads((tiny_encoder / "config.json").read_text(encoding="utf-8"))
        (tmp_path / "config.json").write_text(json.dumps({**config, **change}), encoding="utf-8")
    with pytest.raises(ModelError, match=expected):
        load_pretrained(tmp_path, GENERIC)


def test_sources_that_may_not_ship_are_left_out(tmp_path: Path) -> None:
    own = write(tmp_path / "own.jsonl", texts(4))
    other = write(tmp_path / "other.jsonl", texts(3), source="telecom_nps_verbatims")
    assert len(usable_texts(own, other)) == 4


def test_command_writes_a_model_that_loads(
    tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "DEFAULTS", Settings(threads=1))
    own = write(tmp_path / "own.jsonl", texts(60))
    out = tmp_path / "out"
    assert (
        main(["--out", str(out), "--base", str(tiny_encoder), "--own", str(own), "--epochs", "1", "--threads", "1"])
        == 0
    )
    assert str(out / "model") in capsys.readouterr().out
    assert load_model(str(out / "model")).predict(["味道不错"])


def test_missing_data_is_an_error(tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = tmp_path / "none.jsonl"
    assert main(["--out", str(tmp_path), "--base", str(tiny_encoder), "--own", str(missing)]) == 2
    assert str(missing) in capsys.readouterr().err


def test_a_finished_model_is_trained_further_with_fewer_units(
    built: Path, tiny_encoder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = write(tmp_path / "own.jsonl", texts(40))
    rest = ["--own", str(own), "--inner", "20", "--epochs", "1", "--threads", "1"]
    assert main(["--base", str(built), "--out", str(tmp_path), *rest]) == 0
    assert load(tmp_path / "model").encoder["intermediate_size"] == 20
    assert load_model(str(tmp_path / "model")).predict(["味道不错"])
    assert main(["--base", str(tiny_encoder), "--out", str(tmp_path / "plain"), *rest]) == 2
    assert "finished model only" in capsys.readouterr().err
