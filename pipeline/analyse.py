"""Feedback through the model: batches of masked texts in, opinion units out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from models import engine
from pipeline.config import Model
from pipeline.errors import ConfigError
from pipeline.privacy.masker import plain_tokens
from pipeline.progress import Advance
from pipeline.records import CLASSIFIED, Feedback, OpinionUnit
from pipeline.taxonomy import HEADS, Taxonomy

if TYPE_CHECKING:
    from models.engine import UnitModel, UnitPrediction


@lru_cache(maxsize=2)
def _load(name: str, device: str, threads: int | None, engine_name: str) -> UnitModel:
    return engine.load_model(name, device=device, threads=threads, engine=engine_name)


def open_model(settings: Model, taxonomy: Taxonomy) -> UnitModel:
    """The configured model, loaded once a process; its labels must be those of the taxonomy.

    Raises models.errors.ModelError for a model that cannot be loaded, ConfigError for labels that do not match.
    """
    model = _load(settings.name, settings.device, settings.threads, settings.engine)
    for head in HEADS:
        expected, found = taxonomy.ids(head), tuple(getattr(model.labels, head))
        if set(expected) != set(found):
            raise ConfigError(
                f"model {model.model_id} was trained for other {head} labels than taxonomy {taxonomy.name}",
                where="model.name",
                value=", ".join(sorted(set(expected) ^ set(found))),
                remedy="configure a model trained for this taxonomy, or the taxonomy of the model",
            )
    return model


def analysis_key(model_id: str, taxonomy: Taxonomy) -> str:
    """16 hex characters naming what decides a text's units: results under the same key need not be made again."""
    return hashlib.sha256(f"{model_id}|{taxonomy.name}|{taxonomy.version}".encode()).hexdigest()[:16]


def analyse(feedbacks: Sequence[Feedback], model: UnitModel, *, progress: Advance | None = None) -> None:
    """Fill `units` of every feedback in a language the model reads; the others keep none."""
    readable = [feedback for feedback in feedbacks if feedback.language in CLASSIFIED]
    plain = [plain_tokens(feedback.text) for feedback in readable]
    predictions = model.predict([each.text for each in plain], progress=progress)
    for feedback, text, units in zip(readable, plain, predictions, strict=True):
        feedback.units = [
            _unit(index, unit, text.to_original(unit.start, unit.end), model.labels.sentiment)
            for index, unit in enumerate(units)
        ]
    if progress is not None:
        progress(len(feedbacks) - len(readable))


def _unit(index: int, unit: UnitPrediction, span: tuple[int, int], sentiments: Sequence[str]) -> OpinionUnit:
    return OpinionUnit(
        index=index,
        start=span[0],
        end=span[1],
        sentiment=unit.sentiment,
        stage=unit.stage,
        touchpoint=unit.touchpoint,
        intent=unit.intent,
        p_sentiment=dict(zip(sentiments, unit.probabilities["sentiment"], strict=True)),
    )
