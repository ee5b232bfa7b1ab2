"""deploy/automations.yaml and prefect.yaml against Prefect's own schema."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import yaml
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.backfill import BackfillParameters

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


def test_automations_are_what_prefect_takes_and_watch_the_tag_of_the_deployments():
    raw = yaml.safe_load((ROOT / "deploy" / "automations.yaml").read_text(encoding="utf-8"))
    made = [AutomationCore.model_validate(each) for each in raw["automations"]]
    expected = set()
    for automation in made:
        trigger, (action,) = automation.trigger, automation.actions
        assert isinstance(trigger, EventTrigger)
        assert isinstance(action, SendNotification)
        assert (trigger.posture, trigger.within) == (Posture.Reactive, timedelta(0))
        expected |= trigger.expect
        assert automation.enabled
        assert "prefect.tag.cx-insight" in str(trigger.match_related)
    assert expected == {f"prefect.flow-run.{state}" for state in ("Failed", "Crashed", "TimedOut", "Late")}
    assert all("cx-insight" in each["tags"] for each in DEPLOYMENTS)


def test_the_backfill_deployment_has_parameters_its_flow_takes():
    (declared,) = [each["parameters"]["parameters"] for each in DEPLOYMENTS if each["name"] == "backfill"]
    json.dumps(declared)  # what a server is sent: a bare YAML date is none
    assert BackfillParameters.model_validate(declared).deployment == "insights/ad-hoc"
