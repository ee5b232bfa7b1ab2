"""What a flow run shows in the Prefect UI: progress, a summary, the top actions.

Counts and labels, never feedback text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.terminal import percent
from pipeline.alerts.lifecycle import Alert
from pipeline.progress import Advance
from pipeline.run import RunResult

TOP_ACTIONS = 10
_STEP_PERCENT = 10.0


class ArtifactProgress:
    """A progress artifact per step, updated in place every ten percent: each update is a call to the server."""

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Advance]:
        """Show one step."""
        artifact = cast(UUID, create_progress_artifact(progress=0.0, key=name.replace(" ", "-"), description=name))
        done, shown = 0, 0.0

        def advance(count: int) -> None:
            nonlocal done, shown
            done += count
            percent = 100.0 * done / total if total else 0.0
            if percent - shown >= _STEP_PERCENT:
                shown = percent
                update_progress_artifact(artifact, progress=min(percent, 100.0))

        yield advance
        update_progress_artifact(artifact, progress=100.0)


def publish_summary(result: RunResult, alerts: Sequence[Alert]) -> None:
    """Attach the summary, the top actions, the checks of the data and the alerts that are not closed to the run."""
    create_markdown_artifact(key="run-summary", markdown=_summary(result), description="What this run did")
    create_table_artifact(key="top-actions", table=_actions(result), description="Ranked actions, best first")
    create_table_artifact(key="data-quality", table=_quality(result), description="Checks of the data")
    create_table_artifact(key="alerts", table=_alerts(alerts), description="Alerts that are not closed (cxi alerts)")


def _summary(result: RunResult) -> str:
    balance, tables = result.balance, result.tables
    lines = [
        f"# {balance.rows:,} rows, snapshot {result.snapshot.name}",
        "",
        "| new | updated | unchanged | duplicates | forgotten | quarantined |",
        "|---:|---:|---:|---:|---:|---:|",
        f"| {balance.new:,} | {balance.updated:,} | {balance.unchanged:,}"
        f" | {balance.duplicates:,} | {balance.forgotten:,} | {balance.quarantined:,} |",
        "",
        f"{len(tables['fact_feedback']):,} feedbacks, {len(tables['fact_opinion_unit']):,} opinion units;"
        f" {result.analysed.feedbacks:,} feedbacks analysed in {result.analysed.seconds:.0f} s.",
        "",
        f"Report and tables: `{result.snapshot}`",
        *(f"- {note}" for note in result.notes),
    ]
    return "\n".join(lines)


def _actions(result: RunResult) -> list[dict[str, str | int]]:
    ranked = result.tables["fact_action_priority"]
    top = ranked[ranked["rank"].notna()].sort_values("rank").head(TOP_ACTIONS)
    return [
        {
            "rank": int(row["rank"]),
            "stage": row["stage"],
            "touchpoint": row["touchpoint"],
            "complaining feedbacks": int(row["n_negative_feedback"]),
            "negative": percent(row),
            "owner": row["owner_en"],
            "action": row["action_en"],
        }
        for row in top.to_dict("records")
    ]


def _quality(result: RunResult) -> list[dict[str, str | int]]:
    """Alerts first: a page may show only the first rows."""
    order = {"alert": 0, "cannot_tell": 1, "ok": 2}
    rows = sorted(result.tables["fact_quality"].to_dict("records"), key=lambda row: order[row["state"]])
    return [
        {
            "check": row["check_id"],
            "state": row["state"],
            "n": int(row["n"]),
            "finding": row["message_en"],
            "结论": row["message_zh"],
        }
        for row in rows
    ]


def _alerts(alerts: Sequence[Alert]) -> list[dict[str, str | int]]:
    return [
        {
            "alert": alert.id,
            "state": alert.state,
            "seen": alert.count,
            "since": f"{alert.first_seen:%Y-%m-%d %H:%M} UTC",
            "what": alert.message[1],
            "内容": alert.message[0],
        }
        for alert in alerts
    ]
