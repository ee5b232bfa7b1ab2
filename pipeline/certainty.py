"""How sure the model is of an opinion unit as a whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

SCORES = ("sentiment_score", "stage_score", "touchpoint_score")
"""The labels that decide where an opinion counts and on which side."""


def certainty(units: pd.DataFrame) -> npt.NDArray[np.float64]:
    """[units]: probability that all labels of `SCORES` are right, taken as independent.

    `units` has a column of calibrated probabilities for each; which threshold flags what is measured in
    docs/evaluation.md.
    """
    product: npt.NDArray[np.float64] = np.prod([units[name].to_numpy(dtype=np.float64) for name in SCORES], axis=0)
    return product
