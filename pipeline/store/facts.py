"""The fact and dimension tables that come straight from the store: no run id and no clock time in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from pipeline import tables
from pipeline.certainty import certainty
from pipeline.store.store import Store
from pipeline.taxonomy import HEADS, Taxonomy

if TYPE_CHECKING:
    from collections.abc import Hashable


def build(store: Store, *, timezone: str, taxonomy: Taxonomy, low_confidence: float) -> dict[str, pd.DataFrame]:
    """`fact_feedback`, `fact_opinion_unit`, `dim_date`, `dim_taxonomy` and `quarantine` in canonical form.

    `timezone` (IANA name) makes local dates of times; units that are right with less than the probability
    `low_confidence` are flagged. Raises ContractError if the store holds what a contract forbids.
    """
    feedback = feedback_table(store.feedback_frame(), timezone=timezone)
    return {
        "fact_feedback": feedback,
        "fact_opinion_unit": unit_table(store.units_frame(), low_confidence=low_confidence),
        "dim_date": date_table(feedback["occurred_date"]),
        "dim_taxonomy": taxonomy_table(taxonomy),
        "quarantine": tables.check("quarantine", store.quarantine_frame()),
    }


def feedback_table(stored: pd.DataFrame, *, timezone: str) -> pd.DataFrame:
    """`fact_feedback` from `Store.feedback_frame`: adds local dates and whole-feedback sentiment."""
    local = stored["occurred_at"].dt.tz_convert(ZoneInfo(timezone)).dt.tz_localize(None).dt.normalize()
    frame = stored.assign(occurred_date=local, sentiment=overall_sentiment(stored))
    return tables.check("fact_feedback", frame.drop(columns=["n_positive", "n_negative"]))


def unit_table(stored: pd.DataFrame, *, low_confidence: float) -> pd.DataFrame:
    """`fact_opinion_unit` from `Store.units_frame`: flags the units that the model is not sure of."""
    return tables.check("fact_opinion_unit", stored.assign(low_confidence=certainty(stored) < low_confidence))


def overall_sentiment(stored: pd.DataFrame) -> pd.Series[str]:
    """The sentiment of whole feedbacks, from `n_units`, `n_positive` and `n_negative`.

    positive or negative where units of that polarity occur and none of the other (neutral ones aside), mixed
    where both do, neutral where neither does, missing where there is no unit.
    """
    positive, negative = stored["n_positive"] > 0, stored["n_negative"] > 0
    chosen = np.select(
        [positive & negative, positive, negative, stored["n_units"] > 0],
        ["mixed", "positive", "negative", "neutral"],
        default="",
    )
    found = pd.Series(chosen, index=stored.index, dtype="str")
    return found.mask(found == "")


def date_table(days: pd.Series[Any]) -> pd.DataFrame:
    """`dim_date`: every day of every calendar year in which one of `days` lies.

    Whole years, but only years with feedback: one placeholder date (1900, 9999) must not fill the table with
    centuries.
    """
    years = sorted({day.year for day in days.dropna().unique()})
    found: list[dict[Hashable, Any]] = []
    for year in years:
        for period in pd.period_range(f"{year:04d}-01-01", f"{year:04d}-12-31", freq="D"):
            day = period.to_timestamp().date()
            iso = day.isocalendar()
            found.append(
                {
                    "date": day,
                    "iso_year": iso.year,
                    "iso_week": iso.week,
                    "week": f"{iso.year:04d}-W{iso.week:02d}",
                    "month": f"{day:%Y-%m}",
                    "weekday": iso.weekday,
                }
            )
    return tables.check("dim_date", pd.DataFrame(found, columns=list(tables.TABLES["dim_date"].columns)))


def taxonomy_table(taxonomy: Taxonomy) -> pd.DataFrame:
    """`dim_taxonomy`: every label with its names."""
    rows = [
        {
            "head": head,
            "label": term.id,
            "position": position,
            "name_zh": term.zh,
            "name_en": term.en,
            "taxonomy": taxonomy.name,
            "taxonomy_version": taxonomy.version,
        }
        for head in HEADS
        for position, term in enumerate(taxonomy.terms(head))
    ]
    return tables.check("dim_taxonomy", pd.DataFrame(rows))
