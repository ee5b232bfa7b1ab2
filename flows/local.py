"""`cxi run --prefect`: one flow run on this machine, with a temporary server unless a Prefect API is configured."""

from __future__ import annotations

from pathlib import Path

from flows.insights import insights
from flows.parameters import InsightsParameters
from pipeline.config import Config
from pipeline.run import RunResult
from pipeline.window import Window


def run_with_prefect(
    config: Config, out: Path, window: Window, *, reanalyse: bool = False, partial: bool = False
) -> RunResult:
    """Run the flow in this process, with all that `config` names (`partial`: that is not all of the store's sources).

    Raises what `pipeline.run.run` raises, and UndeliveredError where the sink is behind.
    """
    parameters = InsightsParameters(
        settings=config, out=out, since=window.since, until=window.until, reanalyse=reanalyse, partial=partial
    )
    result: RunResult = insights(parameters)
    return result
