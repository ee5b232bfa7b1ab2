"""Typed look-ups in the published tables: every figure of a report is made here, together with its source.

Table columns: docs/tables.md. Nothing is estimated here; counts of rows are the only arithmetic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.report.content import Figure, ReportLanguage, Scalar, Source, Week
from pipeline.report.texts import Texts, Unit
from pipeline.taxonomy import Head, Taxonomy

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""A table row: column -> value, nulls as None, dates as `date`."""

REQUIRED = (
    "fact_feedback",
    "fact_opinion_unit",
    "fact_metric_period",
    "fact_action_priority",
    "fact_action_evidence",
    "fact_quality",
    "dim_run",
    "quarantine",
)
METRIC_UNITS: dict[str, Unit] = {
    "positive_share": "share",
    "neutral_share": "share",
    "low_confidence_share": "share",
    "negative_share": "share",
    "feedback_share_negative": "share",
    "net_sentiment": "net",
    "nps": "nps",
    "csat": "share",
    "ces": "score",
    "rating_mean": "score",
}


class Facts:
    """The tables of one snapshot, seen in one language.

    Raises ReportError if a table or column the report reads is missing.
    """

    def __init__(
        self, tables: Mapping[str, pd.DataFrame], *, config: Config, taxonomy: Taxonomy, language: ReportLanguage
    ) -> None:
        for name in REQUIRED:
            if name not in tables:
                raise ReportError(
                    "the table is missing", where=name, remedy="publish a full snapshot first (`cxi run`)"
                )
        self.config = config
        self.taxonomy = taxonomy
        self.texts = Texts(language)
        self._tables = tables
        self._metrics = {_metric_key(row): row for row in self.rows("fact_metric_period")}
        self.actions = sorted(self.rows("fact_action_priority"), key=_rank_order)
        self.ranked = [row for row in self.actions if row["rank"] is not None]
        runs = sorted(self.rows("dim_run"), key=lambda row: (str(row["published_at"]), str(row["run_id"])))
        self.run: Row | None = runs[-1] if runs else None

    def rows(self, table: str) -> list[Row]:
        """All rows of a table."""
        records = self._tables[table].to_dict("records")
        return [{str(column): plain(value) for column, value in record.items()} for record in records]

    def column(self, table: str, column: str) -> list[Any]:
        """The non-null values of a column."""
        if column not in self._tables[table].columns:
            raise ReportError("the column is missing", where=table, value=column, remedy="publish the snapshot again")
        values = (plain(value) for value in self._tables[table][column].tolist())
        return [value for value in values if value is not None]

    def name(self, head: Head, label: str) -> str:
        """The name of a label; a label of another taxonomy keeps its id."""
        try:
            return self.taxonomy.name_of(head, label, self.texts.language)
        except KeyError:
            return label

    def cell(self, stage: str, touchpoint: str) -> str:
        """The name of a stage x touchpoint cell."""
        key = "cell.no_stage" if stage == "unspecified" else "cell"
        return self.texts(key, stage=self.name("stage", stage), touchpoint=self.name("touchpoint", touchpoint))

    def figure(self, row: Row, column: str, unit: Unit, *, source: Source, n: int | None, bounds: str = "") -> Figure:
        """The figure in `column` of a row; `bounds` is the prefix of its `_low` and `_high` columns, if it has any."""
        value = row[column]
        low, high = (row.get(f"{bounds}_low"), row.get(f"{bounds}_high")) if bounds else (None, None)
        return Figure(
            value=float(value),
            text=self.texts.value(value, unit),
            source=source,
            low=low,
            high=high,
            n=n,
            detail=self.texts.detail(low, high, n, unit),
            small=bool(row.get("small_n", False)) and n is not None,
        )

    def metric(
        self,
        metric: str,
        *,
        dimension: str = "total",
        segment: str = "all",
        period_type: str = "all",
        period: str = "all",
    ) -> Figure | None:
        """A metric of fact_metric_period, None where it has no row or no value."""
        row = self._metrics.get((period_type, period, dimension, segment, metric))
        if row is None or row["value"] is None:
            return None
        where = _metric_where(row)
        return self.figure(
            {**row, "value_low": row["ci_low"], "value_high": row["ci_high"]},
            "value",
            METRIC_UNITS[metric],
            source=Source("fact_metric_period", "value", where),
            n=int(row["n_feedback"]),
            bounds="value",
        )

    def metric_count(self, column: str, *, dimension: str, segment: str) -> Figure:
        """`n_feedback` or `n_units` of a segment over the whole period."""
        key = ("all", "all", dimension, segment)
        row = self._metrics[(*key, "negative_share")]
        return self.figure(
            {column: row[column]},
            column,
            "count",
            source=Source("fact_metric_period", column, _metric_where(row)),
            n=None,
        )

    def segments(self, dimension: str) -> list[str]:
        """The segments of a dimension that hold opinions, those with most comments first."""
        rows = [
            row
            for (kind, _, found, _, metric), row in self._metrics.items()
            if kind == "all" and found == dimension and metric == "negative_share" and row["value"] is not None
        ]
        return [row["segment"] for row in sorted(rows, key=lambda row: (-row["n_feedback"], row["segment"]))]

    def weeks(self, metric: str, *, dimension: str = "total", segment: str = "all") -> tuple[Week, ...]:
        """The weekly values of a metric, from its first to its last week; weeks without data have no figure."""
        found: dict[date, Week] = {}
        for (kind, period, dim, seg, name), row in self._metrics.items():
            if kind == "week" and (dim, seg, name) == (dimension, segment, metric) and row["period_start"]:
                figure = self.metric(metric, dimension=dim, segment=seg, period_type="week", period=period)
                start: date = row["period_start"]
                found[start] = Week(start, self.texts.short_day(start), figure, bool(row["period_complete"]))
        if not found:
            return ()
        first, last = min(found), max(found)
        starts = [first + timedelta(weeks=week) for week in range((last - first).days // 7 + 1)]
        return tuple(found.get(start, Week(start, self.texts.short_day(start), None, True)) for start in starts)

    def action_figure(self, row: Row, column: str, unit: Unit, *, bounds: str = "", n: str = "n_feedback") -> Figure:
        """A figure of fact_action_priority; `n` names the column that counts its comments (empty: a plain count)."""
        where = (("stage", row["stage"]), ("touchpoint", row["touchpoint"]))
        source = Source("fact_action_priority", column, where)
        return self.figure(row, column, unit, source=source, n=int(row[n]) if n else None, bounds=bounds)

    def rank(self, row: Row) -> Figure:
        """The rank of a ranked row, with its interval if there are others to be ranked against."""
        return self.action_figure(row, "rank", "rank", bounds="rank" if len(self.ranked) > 1 else "", n="")

    def count(self, table: str, column: str, **where: Scalar) -> Figure:
        """How many rows of a table match `where`."""
        frame = self._tables[table]
        for name, value in where.items():
            frame = frame[frame[name] == value]
        number = len(frame)
        source = Source(table, column, tuple(where.items()), how="count")
        return Figure(float(number), self.texts.value(number, "count"), source)

    def total(self, table: str, column: str) -> Figure:
        """The sum of a column."""
        value = float(sum(self.column(table, column)))
        return Figure(value, self.texts.value(value, "count"), Source(table, column, how="sum"))

    def run_count(self, column: str) -> Figure:
        """A count of the latest run (dim_run); only where there is a run."""
        run = self._the_run()
        source = Source("dim_run", column, (("run_id", run["run_id"]),))
        return self.figure(run, column, "count", source=source, n=None)

    def run_json(self, column: str) -> dict[str, Figure]:
        """The counts in a JSON column of the latest run, largest first."""
        run = self._the_run()
        counts: dict[str, int] = json.loads(run[column]) if run[column] else {}
        where = (("run_id", run["run_id"]),)
        return {
            key: Figure(float(number), self.texts.value(number, "count"), Source("dim_run", column, where, "json", key))
            for key, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        }

    @property
    def published(self) -> date | None:
        """The day (UTC) the latest run was published; None without a run."""
        moment: datetime | date | None = self.run["published_at"] if self.run else None
        return moment.date() if isinstance(moment, datetime) else moment

    def _the_run(self) -> Row:
        if self.run is None:
            raise ReportError("no run is recorded", where="dim_run", remedy="publish a snapshot first (`cxi run`)")
        return self.run


def plain(value: Any) -> Any:
    """A table value as plain Python: nulls of every kind as None, timestamps at midnight without a zone as dates."""
    import pandas as pd

    if isinstance(value, str | bool | int):  # most are, and asking pandas whether they are null takes long
        return value
    if value is None or pd.isna(value):
        return None
    if isinstance(value, datetime):
        moment = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
        return moment.date() if moment.tzinfo is None and moment.time() == datetime.min.time() else moment
    return value.item() if hasattr(value, "item") else value


def _metric_key(row: Row) -> tuple[str, str, str, str, str]:
    return row["period_type"], row["period"], row["dimension"], row["segment"], row["metric"]


def _metric_where(row: Row) -> tuple[tuple[str, Scalar], ...]:
    return tuple((name, row[name]) for name in ("period_type", "period", "dimension", "segment", "metric"))


def _rank_order(row: Row) -> tuple[float, float, str, str]:
    rank = row["rank"]
    return (
        float("inf") if rank is None else float(rank),
        -float(row["n_negative_feedback"]),
        row["stage"],
        row["touchpoint"],
    )
