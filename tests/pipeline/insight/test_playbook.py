from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipeline.errors import ConfigError
from pipeline.insight.playbook import load_playbook

HAN = re.compile(r"[\u4e00-\u9fff]")
WORDS = {"zh": "先做这一步。", "en": "Do this first."}


def _entry(**more: object) -> dict[str, object]:
    return {"id": "one", "touchpoint": "product", "owner": "cx", "do": WORDS, "measure": WORDS} | more


@pytest.fixture
def write(tmp_path: Path, taxonomy):
    """Write a playbook with one general entry per touchpoint, changed by the test, and load it."""

    def load(*extra: dict[str, object], without: str = "", owners: object = None):
        actions = [
            _entry(id=name.replace("_", "-"), touchpoint=name) for name in taxonomy.ids("touchpoint") if name != without
        ]
        raw = {"version": "1", "owners": owners or {"cx": WORDS}, "actions": [*actions, *extra]}
        path = tmp_path / "playbook.yaml"
        path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")
        return load_playbook(path, taxonomy)

    return load


def test_every_cell_has_an_action_and_an_owner(playbook, taxonomy) -> None:
    for stage in taxonomy.ids("stage"):
        for touchpoint in taxonomy.ids("touchpoint"):
            action = playbook.action_for(stage, touchpoint)
            assert action.touchpoint == touchpoint
            assert action.stage in (stage, None)
            assert playbook.owner(action.owner).said("en")


def test_shipped_playbook_is_rich_and_bilingual(playbook, taxonomy) -> None:
    general = {action.touchpoint for action in playbook.actions if action.stage is None}
    assert general == set(taxonomy.ids("touchpoint"))
    assert len(playbook.actions) >= 40
    for action in playbook.actions:
        for words in (action.do, action.measure):
            assert HAN.search(words.zh), action.id
            assert not HAN.search(words.en), action.id
            assert not re.search(r"[,;:!?()]", words.zh), f"{action.id}: half-width punctuation in Chinese"
            assert words.zh.endswith("。"), action.id
            assert words.en.endswith("."), action.id


def test_no_two_actions_say_the_same(playbook) -> None:
    for language in ("zh", "en"):
        said = [action.do.said(language) for action in playbook.actions]
        assert len(set(said)) == len(said)


def test_every_owner_has_work(playbook) -> None:
    assert {action.owner for action in playbook.actions} == set(playbook.owners)


def test_own_entry_wins_over_the_touchpoints(write) -> None:
    playbook = write(_entry(id="special", stage="delivery"))
    assert playbook.action_for("delivery", "product").id == "special"
    assert playbook.action_for("usage", "product").id == "product"


def test_action_text_says_what_to_measure(playbook) -> None:
    action = playbook.action_for("delivery", "fulfilment")
    assert action.said("zh").endswith(action.measure.zh)
    assert f"Measure: {action.measure.en}" in action.said("en")


@pytest.mark.parametrize(
    ("extra", "where", "value"),
    [
        (_entry(id="x", touchpoint="warp_drive"), "actions.15.touchpoint", "warp_drive"),
        (_entry(id="x", stage="afterlife"), "actions.15.stage", "afterlife"),
        (_entry(id="x", stage="usage", owner="nobody"), "actions.15.owner", "nobody"),
        (_entry(id="product", stage="usage"), "actions.15.id", "product"),
        (_entry(id="x"), "actions.15", "x"),
        (_entry(id="Bad Id", stage="usage"), "actions.15.id", "Bad Id"),
        (_entry(id="x", stage="usage", typo=1), "actions.15.typo", 1),
        (_entry(id="x", stage="usage", do={"zh": "只有中文"}), "actions.15.do.en", None),
    ],
)
def test_errors_name_key_and_value(write, extra, where: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        write(extra)
    assert caught.value.where is not None
    assert caught.value.where.endswith(where)
    assert caught.value.value == value
    assert caught.value.remedy


def test_a_cell_without_action_is_found_when_reading(write) -> None:
    with pytest.raises(ConfigError, match="no action for touchpoint overall at awareness"):
        write(without="overall")


def test_one_entry_per_stage_will_do(write, taxonomy) -> None:
    entries = [_entry(id=f"o-{stage}", touchpoint="overall", stage=stage) for stage in taxonomy.ids("stage")]
    assert write(*entries, without="overall").action_for("usage", "overall").id == "o-usage"


def test_missing_and_broken_files(tmp_path: Path, taxonomy) -> None:
    with pytest.raises(ConfigError, match="cannot read the playbook"):
        load_playbook(tmp_path / "none.yaml", taxonomy)
    broken = tmp_path / "broken.yaml"
    broken.write_text("actions: [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_playbook(broken, taxonomy)
    broken.write_text("- a list", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_playbook(broken, taxonomy)
