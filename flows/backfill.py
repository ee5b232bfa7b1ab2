"""The `backfill` flow: historic files partition by partition, each as one run of the `insights` deployment.

One after the other: the store's lock allows one run at a time. `cxi backfill` does the same in one process, without a
server.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.deployments import run_deployment
from pydantic import Field, model_validator

from flows.parameters import InsightsParameters
from pipeline.backfill import By, Execute, Outcome, Partition, carry_out, plan
from pipeline.config import Section


class BackfillParameters(Section):
    """Parameters of the `backfill` flow; unknown keys are errors."""

    config: Path = Field(description="YAML configuration on the worker's machine")
    first: date = Field(description="first day; files are chosen by the date in their name or folder")
    last: date = Field(description="last day")
    by: By = "month"
    paths: list[Path] = Field(default_factory=list, description="files or directories; empty: the configured sources")
    out: Path | None = Field(None, description="store and outputs; default: `out` of the configuration")
    deployment: str = "insights/ad-hoc"

    @model_validator(mode="after")
    def _ordered(self) -> BackfillParameters:
        if self.first > self.last:
            raise ValueError("first is after last")
        return self


@flow(name="backfill", persist_result=False)
def backfill(parameters: BackfillParameters) -> list[Outcome]:
    """Run every partition that is not done yet. Fails at the end if one of them failed; call it again to go on."""
    outcomes = run_all(parameters)
    create_table_artifact(key="backfill", table=[vars_of(each) for each in outcomes], description="Partitions")
    failed = [each.name for each in outcomes if each.state == "failed"]
    get_run_logger().info("%d partitions, %d failed", len(outcomes), len(failed))
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(outcomes)} partitions failed: {', '.join(failed)}")
    return outcomes


def run_all(parameters: BackfillParameters) -> list[Outcome]:
    """Every partition as a run of the deployment."""
    insights = InsightsParameters(config=parameters.config, paths=parameters.paths, out=parameters.out)
    config = insights.configuration()
    out = insights.target(config).expanduser().absolute()
    found = plan(insights.sources(config), parameters.first, parameters.last, parameters.by, config=config)
    return carry_out(found.partitions, out, by_deployment(parameters, out))


def by_deployment(parameters: BackfillParameters, out: Path) -> Execute:
    """Run a partition as one flow run; the same key again waits for the run that is there.

    Paths are sent as they are here, absolute: a worker starts in a folder of its own.
    """

    def execute(partition: Partition, key: str) -> str | None:
        asked: dict[str, Any] = {
            "config": str(parameters.config.absolute()),
            "paths": [str(path.absolute()) for path in partition.paths],
            "out": str(out.absolute()),
            "alerts": False,
        }
        done: Any = run_deployment(  # typed as what awaiting it would give, too
            parameters.deployment,
            parameters={"parameters": asked},
            idempotency_key=key,
            flow_run_name=f"backfill {partition.name}",
        )
        state = done.state
        return None if state is not None and state.is_completed() else f"flow run {state.name if state else 'lost'}"

    return execute


def vars_of(outcome: Outcome) -> dict[str, str | int]:
    """An outcome as a row of a table."""
    return {"partition": outcome.name, "files": outcome.files, "state": outcome.state, "error": outcome.error}
