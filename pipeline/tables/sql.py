"""The published DuckDB copy in SQL: tables with their keys and comments, and the wide view."""

from __future__ import annotations

from pandera.pandas import Column

from pipeline.tables.contract import TableContract
from pipeline.tables.dimensions import DATE
from pipeline.tables.facts import FEEDBACK, OPINION_UNIT
from pipeline.taxonomy import HEADS

NAME = "v_opinion_unit"
_KINDS = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}
_RENAMED = {"text": "feedback_text", "sentiment": "feedback_sentiment"}


def table_sql(table: TableContract) -> list[str]:
    """The statements that create a table in the current schema, with its key and every column's meaning."""
    columns = [
        f'"{name}" {_KINDS[item.metadata["kind"]]}{"" if item.nullable else " NOT NULL"}'
        for name, item in table.columns.items()
    ]
    key = ", ".join(f'"{name}"' for name in table.key)
    return [
        f"CREATE TABLE {table.name} ({', '.join(columns)}, PRIMARY KEY ({key}))",
        f"COMMENT ON TABLE {table.name} IS {_quoted(f'{table.grain} / {table.grain_zh}')}",
        *(
            f'COMMENT ON COLUMN {table.name}."{name}" IS {_quoted(_meaning(item))}'
            for name, item in table.columns.items()
        ),
    ]


def view_columns() -> dict[str, tuple[str, str, str]]:
    """Column of the view -> (SQL expression, meaning, Chinese meaning)."""
    found: dict[str, tuple[str, str, str]] = {}
    for name, item in OPINION_UNIT.columns.items():
        found[name] = (f'u."{name}"', item.description, item.metadata["zh"])
    for head in HEADS:
        found[f"{head}_zh"] = (f"{head}_term.name_zh", f"{head}: name, Chinese", f"{head} 中文名称")
        found[f"{head}_en"] = (f"{head}_term.name_en", f"{head}: name, English", f"{head} 英文名称")
    for name, item in FEEDBACK.columns.items():
        if name != "feedback_key":
            found[_RENAMED.get(name, name)] = (f'f."{name}"', item.description, item.metadata["zh"])
    for name, item in DATE.columns.items():
        if name != "date":
            found[name] = (f'd."{name}"', item.description, item.metadata["zh"])
    return found


def view_sql() -> str:
    """The statement that creates the view in the current schema."""
    chosen = ",\n  ".join(f'{expression} AS "{name}"' for name, (expression, _, _) in view_columns().items())
    terms = "\n".join(
        f"LEFT JOIN dim_taxonomy AS {head}_term ON {head}_term.head = '{head}' AND {head}_term.label = u.{head}"
        for head in HEADS
    )
    return (
        f"CREATE VIEW {NAME} AS SELECT\n  {chosen}\nFROM fact_opinion_unit AS u\n"
        f"JOIN fact_feedback AS f USING (feedback_key)\n{terms}\n"
        f'LEFT JOIN dim_date AS d ON d."date" = f.occurred_date'
    )


def _meaning(item: Column) -> str:
    return f"{item.description} / {item.metadata['zh']}"


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
