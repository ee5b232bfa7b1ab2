"""The lines of `cxi check`."""

from __future__ import annotations

import pytest

from flows.checking import check_lines, show_check
from pipeline.config import Config, Input
from pipeline.errors import ConfigError
from pipeline.ingest.check import check
from pipeline.privacy.masker import Masker


@pytest.fixture
def lines(tmp_path):
    def _lines(content: str) -> list[str]:
        path = tmp_path / "a.csv"
        path.write_text(content, encoding="utf-8")
        return list(check_lines(check([Input(paths=[path])], config=Config(), masker=Masker())))

    return _lines


def test_what_is_masked_is_counted_by_kind(lines):
    shown = lines("text\n请打13812345678或 13912345678\nmail me at zhang.san@example.com\n")
    assert "  masked     PHONE 2, EMAIL 1 (in the texts)" in shown
    assert "  masked     nothing (in the texts)" in lines("text\n很好\n")


def test_one_is_not_written_as_many(lines):
    shown = lines("text,星级\n很好,5\n")
    assert "  rows       1: 1 feedback" in shown
    assert any(line.endswith("1 value (scale from column name)") for line in shown)
    assert shown[-1] == "\n1 feedback would be read, 0 rows set aside"


def test_a_file_without_feedback_has_no_line_of_languages(lines):
    shown = lines("text\n......\n")
    assert not any("languages" in line for line in shown)
    assert shown[-1] == "\n0 feedbacks would be read, 1 row set aside"


def test_repeated_keys_are_equal_or_not(lines):
    shown = lines("编号,评论\n1,好\n1,好\n1,差\n")
    assert "  rows       3: 3 feedbacks, 2 with a key that came before (1 equal, 1 with other content)" in shown


def test_a_configuration_that_a_run_refuses_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text\ngood\n", encoding="utf-8")
    config = Config.model_validate({"priority": {"stage_weights": {"nowhere": 2.0}}})
    with pytest.raises(ConfigError, match="stage_weights"):
        show_check(config, [Input(paths=[path])])
