"""What the command line shows: progress bars, and the summary of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline.progress import Advance

if TYPE_CHECKING:
    from pipeline.run import RunResult

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


def show_summary(result: RunResult) -> None:
    """Print what a run did: counts, languages, quarantined rows, top actions, files written."""
    out = Console(highlight=False, soft_wrap=True)
    balance = result.balance
    out.print(
        f"\n[bold]{balance.rows:,} rows[/] = {balance.new:,} new + {balance.updated:,} updated + {balance.unchanged:,} unchanged"
        f" + {balance.duplicates:,} duplicates + {balance.quarantined:,} quarantined"
    )
    languages = ", ".join(f"{name} {count:,}" for name, count in result.languages.items())
    out.print(f"{result.n_feedback:,} feedbacks ({languages}), {result.n_units:,} opinion units")
    if result.analysed and result.analysis_seconds:
        out.print(
            f"analysed {result.analysed:,} feedbacks in {result.analysis_seconds:.1f} s:"
            f" {result.analysed / result.analysis_seconds:.0f} feedbacks/s,"
            f" {result.analysed_units / result.analysis_seconds:.0f} units/s"
        )
    if result.reasons:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in result.reasons.items())
        out.print(f"quarantined: {reasons} (table `quarantine` says which rows and why)")
    if result.actions:
        out.print("\n[bold]Top actions[/] (rank, score, where, share negative with 95 % interval)")
        for action in result.actions:
            out.print(f"  {action}", markup=False)
    out.print("\n[bold]Files[/]")
    for label, path in result.files.items():
        out.print(f"  {label:<8} {path}", markup=False)
