from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.privacy.kinds import KINDS
from pipeline.privacy.policy import PrivacyPolicy, load_policy


def test_the_shipped_policy_masks_everything() -> None:
    assert load_policy() == PrivacyPolicy()
    assert load_policy().masked == set(KINDS)


def test_a_kind_left_out_is_masked_and_order_does_not_matter() -> None:
    one = PrivacyPolicy(kinds={"IP": "keep", "URL": "mask"})
    assert one.masked == set(KINDS) - {"IP"}
    assert one.model_dump_json() == PrivacyPolicy(kinds={"IP": "keep"}).model_dump_json()


def test_a_policy_file(tmp_path: Path) -> None:
    path = tmp_path / "privacy.yaml"
    path.write_text("kinds: {PLATE: keep}\nphone_regions: [FR]\n", encoding="utf-8")
    policy = load_policy(path)
    assert policy.masked == set(KINDS) - {"PLATE"}
    assert policy.phone_regions == ("FR",)


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "privacy.yaml"
    path.write_text("# nothing\n", encoding="utf-8")
    assert load_policy(path) == PrivacyPolicy()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("kinds: {PHONES: mask}", "kinds.PHONES"),
        ("kinds: {PHONE: hide}", "'hide'"),
        ("kind: {}", "kind"),
        ("phone_regions: [ZZ]", "'ZZ' is not a two-letter country code"),
        ("order_patterns: ['[']", "'[' is not a regular expression"),
        ("order_patterns: ['A*']", "matches nothing at all"),
        ("- a", "(top level)"),
        ("kinds: [", "ParserError"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "privacy.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(path)
    assert str(path) in str(caught.value)
    assert expected in str(caught.value)
    assert "remedy" in str(caught.value)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FileNotFoundError"):
        load_policy(tmp_path / "none.yaml")


def test_a_policy_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        PrivacyPolicy().phone_regions = ()
