"""Label sets: which ids a model may give for each head, in the order of its probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.errors import ModelBrokenError

HEADS = ("sentiment", "stage", "touchpoint", "intent")
LANGS = ("zh", "en")


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Ids per head. Order is part of the model: probabilities and weight rows follow it."""

    sentiment: tuple[str, ...]
    stage: tuple[str, ...]
    touchpoint: tuple[str, ...]
    intent: tuple[str, ...]
    taxonomy: str
    taxonomy_version: str

    def __post_init__(self) -> None:
        for head in HEADS:
            ids = self.ids(head)
            if not ids or len(set(ids)) != len(ids) or not all(isinstance(i, str) and i for i in ids):
                raise ModelBrokenError(
                    f"label set {self.taxonomy!r}: {head} needs one or more distinct ids, got {ids!r}"
                )

    def ids(self, head: str) -> tuple[str, ...]:
        """The ids of `head`, one of `HEADS`."""
        ids: tuple[str, ...] = getattr(self, head)
        return ids

    def classes(self, head: str) -> int:
        """How many classes the network tells apart for `head`: for sentiment one more, "no feedback content"."""
        return len(self.ids(head)) + (head == "sentiment")

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for `json.dump`."""
        return {
            "taxonomy": self.taxonomy,
            "taxonomy_version": self.taxonomy_version,
            **{head: list(self.ids(head)) for head in HEADS},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LabelSet:
        """The label set written by `to_json`. Raises `ModelBrokenError` when a key is missing or of the wrong
        type.
        """
        try:
            heads = {head: tuple(data[head]) for head in HEADS}
            return cls(**heads, taxonomy=str(data["taxonomy"]), taxonomy_version=str(data["taxonomy_version"]))
        except (KeyError, TypeError) as error:
            raise ModelBrokenError(
                f"label set: {error} is missing or not a list; write it with LabelSet.to_json"
            ) from error


GENERIC = LabelSet(
    sentiment=("positive", "neutral", "negative"),
    stage=(
        "awareness",
        "consideration",
        "purchase",
        "delivery",
        "usage",
        "support",
        "loyalty",
        "unspecified",
    ),
    touchpoint=(
        "marketing",
        "product_info",
        "digital",
        "pricing",
        "ordering",
        "premises",
        "staff",
        "fulfilment",
        "packaging",
        "product",
        "support",
        "returns",
        "aftersales",
        "account",
        "overall",
    ),
    intent=("praise", "complaint", "suggestion", "question", "statement"),
    taxonomy="generic",
    taxonomy_version="1",
)
"""The label scheme of the codebook: journey stages and touchpoints after GB/T 42509-2023, 3.5 and 3.6."""
