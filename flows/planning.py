"""`cxi run --plan` on the terminal: what would be read and analysed, and why. Counts and file names only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import Console

from pipeline.planning import RunPlan

_SHOWN = 20


def show_plan(plan: RunPlan) -> None:
    """Print the plan."""
    out = Console(highlight=False, soft_wrap=True)
    for line in plan_lines(plan):
        out.print(line, markup=False)


def plan_lines(plan: RunPlan) -> Iterator[str]:
    """The plan as plain lines."""
    yield "plan: nothing has been changed"
    counts = Counter(plan.files.values())
    yield f"files      {', '.join(f'{count:,} {state}' for state, count in counts.most_common()) or 'none'}"
    read = [(label, state) for label, state in plan.files.items() if state != "unchanged"]
    for label, state in read[:_SHOWN]:
        yield f"  read     {label}: {state}"
    if len(read) > _SHOWN:
        yield f"  read     and {len(read) - _SHOWN:,} more"
    if "read differently" in counts:
        yield "           (same bytes; settings, privacy policy, hash key or this program changed, something was"
        yield "           forgotten since, or what was read of it is no longer kept)"
    balance = plan.balance
    yield (
        f"rows       {balance.rows:,} = {balance.new:,} new + {balance.updated:,} updated"
        f" + {balance.unchanged:,} unchanged + {balance.duplicates:,} duplicates + {balance.forgotten:,} forgotten"
        f" + {balance.quarantined:,} quarantined"
    )
    yield (
        f"analyse    {plan.fresh + plan.again - plan.resumed:,} feedbacks: {plan.fresh:,} new or changed,"
        f" {plan.again:,} known without results of this model and taxonomy"
        + (f", less {plan.resumed:,} that a run which did not finish had analysed" if plan.resumed else "")
    )
    yield from (f"note       {note}" for note in plan.notes)
