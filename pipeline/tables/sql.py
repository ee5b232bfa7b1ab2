"""The published tables in SQL that DuckDB and PostgreSQL both know: with keys, comments, and the wide view."""

from __future__ import annotations

from collections.abc import Iterable

from pandera.pandas import Column

from pipeline.tables.contract import TableContract
from pipeline.tables.dimensions import DATE
from pipeline.tables.facts import FEEDBACK, OPINION_UNIT
from pipeline.taxonomy import HEADS

NAME = "v_opinion_unit"
VIEW_GRAIN = (
    "one row per opinion unit with all that is known about it",
    "每行一个观点单元，附其反馈、标签名称与日期",
)
_KINDS = {
    "string": "TEXT",
    "integer": "BIGINT",
    "number": "FLOAT8",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
}
_RENAMED = {"text": "feedback_text", "sentiment": "feedback_sentiment"}


def table_sql(table: TableContract) -> list[str]:
    """The statements that create a table in the current schema, with its key and every column's meaning."""
    columns = [
        f"{column_sql(name, item)}{'' if item.nullable else ' NOT NULL'}" for name, item in table.columns.items()
    ]
    create = f"CREATE TABLE {table.name} ({', '.join(columns)}, PRIMARY KEY ({quoted_names(table.key)}))"
    return [create, *comments_sql(table)]


def column_sql(name: str, item: Column) -> str:
    """Name and type of a column."""
    return f'"{name}" {_KINDS[item.metadata["kind"]]}'


def quoted_names(names: Iterable[str], *, of: str | None = None) -> str:
    """Columns, separated by commas, of the table or alias `of`."""
    return ", ".join(f'{of}."{name}"' if of else f'"{name}"' for name in names)


def comments_sql(table: TableContract) -> list[str]:
    """The statements that say in both languages what a table's rows and columns mean."""
    return [
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


def view_sql(order: Iterable[str] = ()) -> str:
    """The statement that creates the view in the current schema, or replaces it.

    `order` are the columns that the view has already, which stay in their places: PostgreSQL lets a view that others
    depend on only grow at its end.
    """
    columns = view_columns()
    placed = dict.fromkeys([*(name for name in order if name in columns), *columns])
    chosen = ",\n  ".join(f'{columns[name][0]} AS "{name}"' for name in placed)
    terms = "\n".join(
        f"LEFT JOIN dim_taxonomy AS {head}_term ON {head}_term.head = '{head}' AND {head}_term.label = u.{head}"
        for head in HEADS
    )
    return (
        f"CREATE OR REPLACE VIEW {NAME} AS SELECT\n  {chosen}\nFROM fact_opinion_unit AS u\n"
        f"JOIN fact_feedback AS f USING (feedback_key)\n{terms}\n"
        f'LEFT JOIN dim_date AS d ON d."date" = f.occurred_date'
    )


def view_comments_sql() -> list[str]:
    """The statements that say in both languages what the view's rows and columns mean."""
    return [
        f"COMMENT ON VIEW {NAME} IS {_quoted(f'{VIEW_GRAIN[0]} / {VIEW_GRAIN[1]}')}",
        *(
            f'COMMENT ON COLUMN {NAME}."{name}" IS {_quoted(f"{meaning} / {zh}")}'
            for name, (_, meaning, zh) in view_columns().items()
        ),
    ]


def _meaning(item: Column) -> str:
    return f"{item.description} / {item.metadata['zh']}"


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
