from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from models.labels import GENERIC, LabelSet
from models.units import Label, UnitPrediction
from pipeline import analyse as module
from pipeline.analyse import analyse, analysis_key, open_model
from pipeline.config import Model
from pipeline.errors import ConfigError
from pipeline.privacy.masker import Masker
from pipeline.records import Feedback, Origin
from pipeline.taxonomy import load_taxonomy


@dataclass
class FixedModel:
    """Calls every text one negative unit, and remembers what it was asked."""

    model_id: str = "fixed-1"
    labels: LabelSet = GENERIC
    asked: list[str] = field(default_factory=list)

    def predict(self, texts, *, progress=None):
        self.asked += texts
        if progress is not None:
            progress(len(texts))
        labels = {"sentiment": "negative", "stage": "delivery", "touchpoint": "fulfilment", "intent": "complaint"}
        probabilities = {
            head: tuple(1.0 if i == name else 0.0 for i in GENERIC.ids(head)) for head, name in labels.items()
        }
        given = {head: Label(name, 1.0) for head, name in labels.items()}
        return [[UnitPrediction(0, len(text), **given, probabilities=probabilities)] for text in texts]


def feedback(text: str, language: str) -> Feedback:
    return Feedback("k", "c", "r", "files", Origin("a.csv", 2), text, language, Masker().mask(text))


def test_other_languages_are_not_shown_to_the_model_but_counted():
    model, counted = FixedModel(), []
    batch = [feedback("送餐太慢了", "zh"), feedback("อาหารอร่อย", "other"), feedback("slow 送餐", "mixed")]
    analyse(batch, model, progress=counted.append)
    assert model.asked == ["送餐太慢了", "slow 送餐"]
    assert [len(item.units) for item in batch] == [1, 0, 1]
    assert sum(counted) == 3


def test_probabilities_are_named_by_label():
    batch = [feedback("送餐太慢了", "zh")]
    analyse(batch, FixedModel())
    assert batch[0].units[0].p_sentiment == {"positive": 0.0, "neutral": 0.0, "negative": 1.0}


def test_a_model_for_other_labels_is_refused(monkeypatch, tmp_path: Path):
    strange = replace(GENERIC, touchpoint=("drone",))
    monkeypatch.setattr(module, "_load", lambda *_: FixedModel(labels=strange))
    with pytest.raises(ConfigError, match="drone"):
        open_model(Model(), load_taxonomy())


def test_the_analysis_key_changes_with_model_and_taxonomy():
    taxonomy = load_taxonomy()
    keys = {
        analysis_key("a", taxonomy),
        analysis_key("b", taxonomy),
        analysis_key("a", taxonomy.model_copy(update={"version": "2"})),
    }
    assert len(keys) == 3


def test_hashed_placeholders_are_plain_to_the_model_and_units_index_the_stored_text():
    item, model = feedback("电话[PHONE:3f9a1c07]打不通", "zh"), FixedModel()
    analyse([item], model)
    assert model.asked == ["电话[PHONE]打不通"]
    assert (item.units[0].start, item.units[0].end) == (0, len(item.text))
