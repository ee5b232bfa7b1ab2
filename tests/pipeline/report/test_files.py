"""Writing reports: which files, the same bytes each time, old ones stay when writing fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import report
from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.report import files
from pipeline.taxonomy import load_taxonomy

from .stories import shop

CHARTS = ("changes", "journey", "ranking", "touchpoints", "weekly")


def write(folder: Path, language: str = "both") -> list[Path]:
    config = Config.model_validate({"report": {"language": language}})
    return report.write(shop(), config=config, taxonomy=load_taxonomy(), folder=folder)


def found(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_both_languages_link_to_each_other(tmp_path: Path):
    written = write(tmp_path)
    languages = ("en", "zh")
    expected = [f"charts/{name}.{language}.svg" for name in CHARTS for language in languages]
    expected += [f"report.{language}.{kind}" for language in languages for kind in ("html", "md")]
    assert found(tmp_path) == sorted(expected)
    assert sorted(str(path.relative_to(tmp_path)) for path in written) == sorted(expected)
    assert 'href="report.zh.html"' in (tmp_path / "report.en.html").read_text(encoding="utf-8")
    assert "(report.en.md)" in (tmp_path / "report.zh.md").read_text(encoding="utf-8")


def test_one_language_stands_alone_and_its_pictures_exist(tmp_path: Path):
    write(tmp_path, "zh")
    assert found(tmp_path) == sorted([*(f"charts/{name}.zh.svg" for name in CHARTS), "report.zh.html", "report.zh.md"])
    text = (tmp_path / "report.zh.md").read_text(encoding="utf-8")
    assert "report.en" not in text
    assert all(f"(charts/{name}.zh.svg)" in text for name in CHARTS)


def test_the_same_tables_give_the_same_bytes(tmp_path: Path):
    write(tmp_path / "a")
    write(tmp_path / "b")
    for name in found(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path, "en")
    before = {name: (tmp_path / name).read_bytes() for name in found(tmp_path)}

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(ReportError, match=r"cannot write the report .*No space left") as error:
        write(tmp_path, "en")
    assert error.value.remedy
    assert {name: (tmp_path / name).read_bytes() for name in found(tmp_path)} == before


def test_a_folder_that_is_a_file_is_an_error(tmp_path: Path):
    blocked = tmp_path / "report"
    blocked.write_text("x", encoding="utf-8")
    with pytest.raises(ReportError, match="cannot write the report"):
        write(blocked, "en")
