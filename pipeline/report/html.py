"""The report as one self-contained HTML file: inline CSS and SVG, no script, no network."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report import charts
from pipeline.report.content import ReportContent

_TEMPLATES = files("pipeline.report") / "templates"


def render(
    content: ReportContent, *, drawings: Mapping[str, str] | None = None, other: tuple[str, str] | None = None
) -> str:
    """The whole report; `other` is (file, name) of the same report in the other language.

    `drawings` are the charts as SVG by their id (`charts.draw`), if they are drawn already.
    """
    drawn = charts.draw(content) if drawings is None else drawings
    environment = Environment(
        loader=FunctionLoader(lambda name: (_TEMPLATES / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = lambda chart: Markup(drawn[chart.id])
    environment.tests["kind"] = lambda block, name: type(block).__name__ == name
    css = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))
    other_tag = None if other is None else ("en" if content.language == "zh" else "zh-CN")
    tag = "zh-CN" if content.language == "zh" else "en"
    return environment.get_template("report.html.j2").render(
        content=content, css=css, other=other, other_tag=other_tag, tag=tag
    )
