"""Section 6: how the figures were made and what they cannot say."""

from __future__ import annotations

from pipeline.report.content import Block, Cell, Column, Section, Table
from pipeline.report.facts import Facts
from pipeline.report.sections.phrases import bullets, confidence

LIMITS = ("cause", "sample", "model", "intervals", "many", "privacy", "standard")


def section(facts: Facts, number: int) -> Section:
    """Method and limits."""
    t = facts.texts
    texts = [t(f"method.{name}", confidence=confidence(facts)) for name in LIMITS]
    blocks: list[Block] = [bullets(*((text, ()) for text in texts))]
    run = facts.run
    if run is not None:
        items = (
            ("model", run["model_id"]),
            ("taxonomy", f"{run['taxonomy']} {run['taxonomy_version']}"),
            ("code", run["code_version"]),
            ("config", run["config_hash"]),
            ("schema", run["schema_version"]),
            ("timezone", run["timezone"]),
        )
        rows = tuple((Cell(t(f"version.{name}")), Cell(str(value))) for name, value in items)
        columns = (Column(t("column.item")), Column(t("column.value")))
        blocks.append(Table("versions", t("method.table"), columns, rows))
    return Section("method", number, t("method.title"), "", tuple(blocks))
