"""What teachers say of unlabelled texts: reading and writing, the loss, and a student that comes to agree."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.encode import Window, encode, load_tokenizer
from models.errors import GoldError
from models.gold import GoldText
from models.labels import GENERIC, HEADS
from models.loop import Settings
from models.network import Scores, UnitNetwork, collate
from models.objective import make_examples
from models.soft import SIZES, SoftExample, load_soft, save_soft, soft_gold_of, soft_loss, teach
from models.train import Trainer, load_pretrained
from models.unlabelled import HeldOut, read_unlabelled

TEXTS = ["味道不错，但是送餐太慢，包装也破了", "tasty food, but late delivery", "ok", "谢谢。贵了点。还会再来！"]


@pytest.fixture
def teachers(tiny_encoder: Path) -> list[UnitNetwork]:
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        found.append(load_pretrained(tiny_encoder, GENERIC).eval())
    return found


def taught(teachers: list[UnitNetwork], base: Path) -> list[SoftExample]:
    encoded = encode(TEXTS, load_tokenizer(base / "tokenizer.json"))
    return teach(teachers, [w for item in encoded for w in item.windows], pad=1)


def test_teachers_are_averaged_in_order(teachers: list[UnitNetwork], tiny_encoder: Path) -> None:
    examples = taught(teachers, tiny_encoder)
    for example in examples:
        views = []
        for teacher in teachers:
            with torch.inference_mode():
                out = teacher(collate([example.window], pad=1))
            views.append(torch.cat([out.labels[h].log_softmax(dim=1) for h in HEADS], dim=1).numpy())
        assert np.allclose(np.mean(views, axis=0), example.labels, atol=0.01)
        assert example.link.shape == (example.window.size - 1,)


def test_file_gives_back_what_was_written(teachers: list[UnitNetwork], tiny_encoder: Path, tmp_path: Path) -> None:
    examples = taught(teachers, tiny_encoder)
    save_soft(tmp_path / "soft.npz", examples)
    again = load_soft(tmp_path / "soft.npz")
    assert [e.window.ids for e in again] == [e.window.ids for e in examples]
    assert [e.window.clause for e in again] == [e.window.clause for e in examples]
    for a, b in zip(again, examples, strict=True):
        assert np.array_equal(a.labels, b.labels)
        assert np.array_equal(a.link, b.link)


@pytest.mark.parametrize("content", [b"no zip", b"", b"PK\x03\x04 cut off"])
def test_other_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(GoldError, match=r"x\.npz"):
        load_soft(tmp_path / "x.npz")


def test_loss_is_least_where_the_teachers_are(teachers: list[UnitNetwork], tiny_encoder: Path) -> None:
    gold = soft_gold_of(taught(teachers, tiny_encoder))
    same = Scores({h: gold.labels[h].log() for h in HEADS}, gold.link.logit())
    least = float(soft_loss(same, gold))
    generator = torch.Generator().manual_seed(0)
    for head in HEADS:
        moved = {**same.labels, head: same.labels[head] + torch.randn(same.labels[head].shape, generator=generator)}
        assert float(soft_loss(Scores(moved, same.link), gold)) > least + 1e-3, head
    assert float(soft_loss(Scores(same.labels, same.link + 1), gold)) > least + 1e-3


def test_what_is_no_feedback_does_not_count_but_for_sentiment() -> None:
    labels = torch.zeros(1, sum(SIZES.values()))
    labels[0, : SIZES["sentiment"] - 1] = -30
    window = Window((0, 5, 2), (-1, 0, -1), 0, 1)
    gold = soft_gold_of([SoftExample(window, labels.numpy().astype(np.float16), np.zeros(0, np.float16))])
    flat = Scores({h: torch.zeros(1, n) for h, n in SIZES.items()}, torch.zeros(0))
    steep = Scores({**flat.labels, "touchpoint": torch.randn(1, SIZES["touchpoint"]) * 5}, torch.zeros(0))
    assert float(soft_loss(flat, gold)) == pytest.approx(float(soft_loss(steep, gold)), abs=1e-4)


def test_student_comes_to_agree(tiny_encoder: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_encoder / "tokenizer.json")
    random = np.random.default_rng(3)
    soft = []
    for item in encode(TEXTS[:2], tokenizer):
        (window,) = item.windows
        labels = random.normal(size=(window.size, sum(SIZES.values()))) * 3
        link = random.normal(size=window.size - 1) * 3
        soft.append(SoftExample(window, labels.astype(np.float16), link.astype(np.float16)))
    examples = make_examples([GoldText("a", "en", "own", "", "own", "a", "ok", (), "train")], tokenizer, GENERIC)
    torch.manual_seed(5)
    student = load_pretrained(tiny_encoder, GENERIC)
    settings = Settings(epochs=150, tokens=64, threads=1, lr=3e-3, smoothing=0.0)
    gold, batch = soft_gold_of(soft), collate([e.window for e in soft], pad=1)
    with torch.inference_mode():
        before = float(soft_loss(student.eval()(batch), gold))
    Trainer(student, examples, settings, tmp_path, pad=1, soft=soft * 4).run()
    with torch.inference_mode():
        after = float(soft_loss(student.eval()(batch), gold))
        least = float(soft_loss(Scores({h: gold.labels[h].log() for h in HEADS}, gold.link.logit()), gold))
    assert after - least < 0.5 * (before - least)


def test_texts_near_held_out_ones_are_left_out(tmp_path: Path) -> None:
    kept = "The driver called ahead and waited while we unlocked the gate."
    held = GoldText("t", "en", "own", "", "own", "t", "房间很干净，但是早餐太差，前台爱理不理", (), "test")
    lines = [
        ("a", "shop", kept),
        ("b", "shop", kept),
        ("c", "shop", "房间很干净但是早餐太差，前台爱理不理的"),
        ("d", "telecom_nps_verbatims", "a text of a source that may not shape shipped weights"),
        ("e", "shop", "ok"),
        ("h", "shop", "in the test share by its id, so measured on and never learned from"),
    ]
    (tmp_path / "x.jsonl").write_text(
        "\n".join(f'{{"id": "{i}", "source": "{s}", "text": "{t}"}}' for i, s, t in lines), encoding="utf-8"
    )
    assert read_unlabelled(tmp_path, [held]) == [kept]


def test_near_ignores_case_spaces_and_punctuation() -> None:
    held = HeldOut(["I waited forty minutes for a table, twice."])
    assert held.is_near("i WAITED forty minutes -- for a table twice")
    assert not held.is_near("I waited in the lobby until my sister came down with the bags.")
