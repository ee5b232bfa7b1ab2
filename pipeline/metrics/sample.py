"""The two fact frames as arrays: who said which unit, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.metrics.clusters import Bools, Ints

Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Feedbacks and their units, row for row with the frames they come from.

    `respondent`: [feedbacks] -> respondent 0..n_respondents-1; `owner`: [units] -> row of `feedback`; `day`:
    [feedbacks] local day, NaT where there is none. Units of feedbacks that are not in `feedback` are left
    out.
    """

    feedback: pd.DataFrame
    units: pd.DataFrame
    respondent: Ints
    owner: Ints
    day: Days

    @property
    def n_respondents(self) -> int:
        """How many respondents there are."""
        return int(self.respondent.max()) + 1 if self.respondent.size else 0

    @property
    def speaker(self) -> Ints:
        """[units] -> respondent."""
        return self.respondent[self.owner]

    def is_(self, sentiment: str) -> Bools:
        """[units]: has this sentiment."""
        return np.asarray(self.units["sentiment"] == sentiment, dtype=np.bool_)


def take(feedback: pd.DataFrame, units: pd.DataFrame) -> Sample:
    """Read the frames fact_feedback and fact_opinion_unit (docs/tables.md)."""
    feedback = feedback.reset_index(drop=True)
    owner = pd.Index(feedback["feedback_key"]).get_indexer(pd.Index(units["feedback_key"]))
    found = owner >= 0
    return Sample(
        feedback=feedback,
        units=units[found].reset_index(drop=True),
        respondent=codes(feedback["respondent_key"])[0],
        owner=owner[found].astype(np.int64),
        day=pd.to_datetime(feedback["occurred_date"]).to_numpy(dtype="datetime64[D]"),
    )


def codes(values: pd.Series) -> tuple[Ints, list[str]]:
    """Number the distinct values in sorted order: (codes with -1 for null, values)."""
    numbers, names = pd.factorize(values, sort=True)
    return numbers.astype(np.int64), [str(name) for name in names]
