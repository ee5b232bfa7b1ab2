"""Writing the reports of a snapshot: HTML, Markdown and chart files, each replaced at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import Config
from pipeline.errors import ReportError
from pipeline.report import charts, html, markdown
from pipeline.report.build import build
from pipeline.report.content import Chart, ReportLanguage, charts_of
from pipeline.report.texts import Texts
from pipeline.taxonomy import Taxonomy

if TYPE_CHECKING:
    import pandas as pd


def write(tables: Mapping[str, pd.DataFrame], *, config: Config, taxonomy: Taxonomy, folder: Path) -> list[Path]:
    """Write report.<language>.html, report.<language>.md and charts/ for the languages of `config.report.language`.

    With both languages each file links to the other. Returns the files written. Raises ReportError where a table or
    column is missing or a file cannot be written.
    """
    wanted = config.report.language
    languages: tuple[ReportLanguage, ...] = ("zh", "en") if wanted == "both" else (wanted,)
    written: list[Path] = []
    for language in languages:
        content = build(tables, config=config, taxonomy=taxonomy, language=language)
        other = _other(language) if len(languages) > 1 else None

        def chart_path(chart: Chart, language: ReportLanguage = language) -> str:
            return f"charts/{chart.id}.{language}.svg"

        drawings = charts.draw(content)
        for chart in charts_of(content):
            written.append(_replace(folder / chart_path(chart), drawings[chart.id] + "\n"))
        page = html.render(content, drawings=drawings, other=other and (f"{other[0]}.html", other[1]))
        written.append(_replace(folder / f"report.{language}.html", page))
        text = markdown.render(content, chart_path=chart_path, other=other and (f"{other[0]}.md", other[1]))
        written.append(_replace(folder / f"report.{language}.md", text))
    return written


def _other(language: ReportLanguage) -> tuple[str, str]:
    """The file stem of the same report in the other language, and that language's own name."""
    other: ReportLanguage = "en" if language == "zh" else "zh"
    return f"report.{other}", Texts(other)("language.own")


def _replace(path: Path, text: str) -> Path:
    """Write a file so that a reader sees either the old or the new one, whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReportError(
            "cannot write the report", where=str(path), value=error.strerror, remedy="check space and rights"
        ) from error
    return path
