"""What the command line shows: progress bars, and the summary of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pipeline.progress import Advance

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.alerts.lifecycle import Alert
    from pipeline.run import RunResult
    from pipeline.sink import Delivery

TOP_ACTIONS = 5

console = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress, notes and errors go to stderr: stdout carries only results."""


class Bars:
    """A progress bar per step, on a terminal; one line per finished step where output goes to a file."""

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Show one step."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn(f"{name:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, refresh_per_second=4) as progress:
            task = progress.add_task(name, total=total)
            yield lambda count: progress.advance(task, count)
            done = progress.tasks[task].completed
            progress.update(task, total=max(done, 1), completed=max(done, 1) if total is None else total)


def warn(message: str) -> None:
    """Say on stderr what did not work and does not stop the run."""
    console.print(message, markup=False)


def show_summary(result: RunResult, alerts: Sequence[Alert] = ()) -> None:
    """Print what a run did: counts, languages, quarantined rows, alerts, top actions, files written."""
    out = Console(highlight=False, soft_wrap=True)
    for line in (*summary_lines(result), *alert_lines(alerts)):
        out.print(line, markup=False)


def alert_lines(alerts: Sequence[Alert]) -> Iterator[str]:
    """The alerts that are not closed, as plain lines."""
    if alerts:
        yield ""
        yield "alerts (cxi alerts)"
    for alert in alerts:
        yield f"  {alert.id}: {alert.message[1]} {alert.message[0]}"


def summary_lines(result: RunResult) -> Iterator[str]:
    """The summary as plain lines; holds counts and labels only, no feedback text."""
    tables, balance, analysed = result.tables, result.balance, result.analysed
    yield ""
    yield (
        f"{balance.rows:,} rows = {balance.new:,} new + {balance.updated:,} updated + {balance.unchanged:,} unchanged"
        f" + {balance.duplicates:,} duplicates + {balance.forgotten:,} forgotten"
        f" + {balance.quarantined:,} quarantined"
    )
    languages = tables["fact_feedback"]["language"].value_counts()
    spoken = ", ".join(f"{name} {count:,}" for name, count in languages.items())
    yield f"{len(tables['fact_feedback']):,} feedbacks ({spoken}), {len(tables['fact_opinion_unit']):,} opinion units"
    if analysed.feedbacks:
        yield (
            f"analysed {analysed.feedbacks:,} feedbacks in {analysed.seconds:.1f} s:"
            f" {analysed.feedbacks / analysed.seconds:.0f} feedbacks/s, {analysed.units / analysed.seconds:.0f} units/s"
        )
    elif not analysed.resumed:
        yield "nothing new to analyse"
    if analysed.resumed:
        yield f"{analysed.resumed:,} feedbacks had been analysed by a run that did not finish"
    if balance.quarantined:
        reasons = tables["quarantine"]["reason"].value_counts()
        yield (
            "set aside: "
            + ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
            + " in this and earlier runs (table quarantine)"
        )
    yield from (f"note: {note}" for note in result.notes)
    yield from _actions(tables["fact_action_priority"], tables["dim_taxonomy"])
    yield ""
    yield f"report   {', '.join(str(path) for path in sorted(result.snapshot.glob('report.*.html')))}"
    yield f"tables   {result.snapshot} (Parquet, and cx.duckdb)"


def delivery_line(done: Delivery) -> str:
    """What was done in a sink."""
    rows = f"{done.inserted:,} rows added, {done.updated:,} changed, {done.deleted:,} removed"
    return f"{done.place}: {done.snapshot}, {rows}"


def _actions(ranked: pd.DataFrame, taxonomy: pd.DataFrame) -> Iterator[str]:
    top = ranked[ranked["rank"].notna()].sort_values("rank").head(TOP_ACTIONS)
    if top.empty:
        yield ""
        yield "no top actions: too few respondents complain about any one part (priority.min_feedback)"
        return
    names = {(row["head"], row["label"]): row for row in taxonomy.to_dict("records")}
    yield ""
    yield "top actions (stage / touchpoint: complaining feedbacks, share of negative units with interval)"
    for row in top.to_dict("records"):
        stage, touchpoint = names["stage", row["stage"]], names["touchpoint", row["touchpoint"]]
        yield (
            f"  {row['rank']}. {stage['name_en']} / {touchpoint['name_en']} {stage['name_zh']}/{touchpoint['name_zh']}:"
            f" {row['n_negative_feedback']} feedbacks, {percent(row)} of {row['n_units']} units negative"
        )


def percent(row: dict[Any, Any]) -> str:
    """The share of negative units of a row of fact_action_priority with its interval, missing where n is too small."""
    share, low, high = row["negative_share"], row["negative_share_low"], row["negative_share_high"]
    if math.isnan(low):
        return f"{share:.0%} (n too small for an interval)"
    return f"{share:.0%} ({low:.0%} to {high:.0%})"
