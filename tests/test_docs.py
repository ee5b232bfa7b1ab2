"""Documentation that can be wrong is tested: commands, keys, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from flows.cli import app
from pipeline.config import Config, load_config

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "sample" / "README.md",
]
COMMANDS = get_command(app).commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_local_links_lead_somewhere(page: Path):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_cxi_commands_in_documentation_exist(page: Path):
    code = re.findall(r"```(?:sh|bash)\n(.*?)```|`([^`\n]+)`", page.read_text(encoding="utf-8"), re.DOTALL)
    used = {name for block in code for part in block for name in re.findall(r"\bcxi ([a-z]+)\b", part)}
    assert used <= set(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_documented_and_has_help(name: str):
    assert COMMANDS[name].help
    assert f"cxi {name}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"cxi {name}" in (ROOT / "README.zh.md").read_text(encoding="utf-8")
    for option in COMMANDS[name].params:
        assert getattr(option, "help", None), f"{name} {option.name}"


def test_the_default_configuration_lists_every_key_with_its_default():
    text = (ROOT / "configs" / "default.yaml").read_text(encoding="utf-8")
    assert load_config(ROOT / "configs" / "default.yaml") == Config()
    written, known = yaml.safe_load(text), Config().model_dump(mode="json")
    assert _keys(written) == _keys(known)


def _keys(section: object, place: str = "") -> set[str]:
    if not isinstance(section, dict):
        return {place}
    return {key for name, value in section.items() for key in _keys(value, f"{place}.{name}")} or {place}


def test_makefile_and_readme_give_the_same_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in ("cxi run sample --config sample/config.yaml --out cx-out", '-m "not browser and not server'):
        assert command in readme
        assert command in makefile


def test_no_page_names_a_machine_path():
    machine = re.compile(r"(?<![\w./])/(?:work|root|home)/")
    assert not [page.name for page in PAGES if machine.search(page.read_text(encoding="utf-8"))]
