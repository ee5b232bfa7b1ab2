"""Adapting an encoder: what is hidden, that it learns, and that the result can be trained."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models import pretrain
from models.labels import GENERIC
from models.loop import Settings
from models.pretrain import hide, load_masked, main, token_ids
from models.train import load_pretrained

PAD, MASK = 1, 9
TEXTS = [[0, *range(10, 40), 2], [0, 50, 51, 52, 2], [0, 60, 2]]


def hidden(seed: int = 3) -> pretrain.Masked:
    return hide(TEXTS, np.random.default_rng(seed), pad=PAD, mask=MASK, vocabulary=100)


def test_hidden_tokens_are_named_and_the_others_stay() -> None:
    batch = hidden()
    original = torch.full((3, 32), PAD)
    for row, text in enumerate(TEXTS):
        original[row, : len(text)] = torch.tensor(text)
    changed = torch.zeros(3 * 32, dtype=torch.bool)
    changed[batch.places] = True
    assert torch.equal(original.flatten()[batch.places], batch.tokens)
    assert torch.equal(original.flatten()[~changed], batch.ids.flatten()[~changed])
    assert torch.equal(batch.mask, (original != PAD).long())


def test_about_a_fifth_is_hidden_most_of_it_masked_never_a_special_token() -> None:
    texts = [[0, *range(10, 90), 2]] * 200
    batch = hide(texts, np.random.default_rng(1), pad=PAD, mask=MASK, vocabulary=100)
    assert len(batch.places) == round(0.2 * 200 * 80)
    shown = batch.ids.flatten()[batch.places]
    assert 0.77 < float((shown == MASK).float().mean()) < 0.83
    assert not set(batch.tokens.tolist()) & {0, 1, 2}


def test_same_seed_same_places() -> None:
    assert torch.equal(hidden().places, hidden().places)
    assert not torch.equal(hidden(3).ids, hidden(4).ids)


def test_loss_falls_and_word_embeddings_learn(tiny_encoder: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = load_masked(tiny_encoder)
    before = network.bert.embeddings.word_embeddings.weight.detach().clone()
    texts = token_ids(["送餐太慢了，等了一个小时", "the delivery was late again and cold"] * 20, tiny_encoder)
    settings = Settings(epochs=15, tokens=128, texts=8, lr=3e-3, threads=1)
    run = pretrain.MaskedLoop(network, texts, settings, tmp_path, pad=1, mask=4)
    losses: list[torch.Tensor] = []
    run._report = losses.append  # type: ignore[method-assign]
    run.run()
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert not torch.equal(before, network.bert.embeddings.word_embeddings.weight)


def test_command_writes_an_encoder_that_can_be_trained(
    tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrain, "DEFAULTS", replace(pretrain.DEFAULTS, threads=1))
    lines = [json.dumps({"id": f"x{n}", "source": "x", "text": f"the soup was cold {n}"}) for n in range(30)]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "x.jsonl").write_text("\n".join(lines), encoding="utf-8")
    own = tmp_path / "own.jsonl"
    own.write_text(json.dumps({"id": "a", "lang": "en", "text": "warm rooms", "part": "train", "units": []}) + "\n")
    arguments = ["--base", str(tiny_encoder), "--texts", str(tmp_path / "texts"), "--own", str(own)]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--threads", "1"]) == 0
    adapted = load_pretrained(tmp_path / "out" / "encoder", GENERIC).state_dict()
    original = load_pretrained(tiny_encoder, GENERIC).state_dict()
    name = "encoder.encoder.layer.0.output.dense.weight"
    assert not torch.equal(adapted[name], original[name])
    assert (tmp_path / "out" / "encoder" / "tokenizer.json").is_file()
