"""How one file will be read, settled by a first pass over it: columns, dates, scores, main language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.ingest.cells import to_text
from pipeline.ingest.columns import SCORES, Mapping, resolve
from pipeline.ingest.dates import DateRule, DateSurvey
from pipeline.ingest.discover import InputFile
from pipeline.ingest.readers import open_table
from pipeline.ingest.scores import ScoreRule, ScoreSurvey
from pipeline.ingest.table import RawRow, RawTable
from pipeline.language import main_script
from pipeline.records import Language

_TIMES = ("time", "updated")


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Everything decided about a file before its rows are read.

    `notes` are for people: what is left out, and the remedy.
    """

    options: Input
    table: RawTable
    mapping: Mapping
    dates: dict[str, DateRule]
    scores: dict[str, ScoreRule]
    main_language: Language
    rows: int
    notes: tuple[str, ...]

    @property
    def file(self) -> InputFile:
        """The file that is planned."""
        return self.table.file


def plan_file(file: InputFile, options: Input, *, config: Config, show: Callable[[str], str]) -> FilePlan:
    """Open a file, map its columns and read it once. `show` masks what a message quotes from the file.

    Raises InputError where the file as a whole cannot be read.
    """
    table = open_table(file, options)
    mapping = (
        resolve(table.info.columns, options.columns, where=_place(table), show=show) if table.info.columns else None
    )
    if mapping is None:
        raise InputError("no columns found", where=file.label, remedy="export the file again with its header")
    survey = _Survey(mapping, options, config)
    for row in table.rows():
        survey.rows += 1
        if isinstance(row, RawRow):
            survey.add(row.values)
    dates = survey.date_rules(where=_place(table))
    scores = {name: rule.rule() for name, rule in survey.scores.items()}
    notes = tuple(_notes(table, mapping, dates, scores, survey.rows))
    return FilePlan(options, table, mapping, dates, scores, survey.main_language(), survey.rows, notes)


def _place(table: RawTable) -> str:
    sheet = table.info.sheet
    return f"{table.file.label}, sheet {sheet}" if sheet else table.file.label


class _Survey:
    def __init__(self, mapping: Mapping, options: Input, config: Config) -> None:
        self.rows = 0
        self._mapping = mapping
        self._format = options.time_format
        self._scripts: Counter[Language] = Counter()
        self.dates = {
            name: DateSurvey(config.zone, time_format=options.time_format, day_first=options.day_first)
            for name in _TIMES
            if name in mapping.fields
        }
        self.scores = {name: _score_survey(name, mapping, options) for name in SCORES if name in mapping.fields}

    def add(self, values: dict[str, object]) -> None:
        for name, dates in self.dates.items():
            dates.add(values.get(self._mapping.fields[name]))
        for scores in self.scores.values():
            scores.add(values)
        for column in self._mapping.texts:
            script = main_script(to_text(values.get(column))[:500])
            if script is not None:
                self._scripts[script] += 1

    def date_rules(self, *, where: str) -> dict[str, DateRule]:
        rules = {name: survey.rule() for name, survey in self.dates.items()}
        for name, rule in rules.items():
            if self._format is not None and rule.unreadable and set(rule.kinds) == {"unreadable"}:
                raise InputError(
                    "no date of this column is in the configured format",
                    where=f"{where}, column {self._mapping.fields[name]}",
                    value=self._format,
                    remedy="correct input.time_format",
                )
        return rules

    def main_language(self) -> Language:
        return self._scripts.most_common(1)[0][0] if self._scripts else "zh"


def _score_survey(name: str, mapping: Mapping, options: Input) -> ScoreSurvey:
    declared = options.scales.get(name) if name != "nps" else None  # type: ignore[call-overload]
    beside = name == "rating"
    return ScoreSurvey(
        name,
        mapping.fields[name],
        declared,
        max_column=mapping.fields.get("rating_max") if beside else None,
        min_column=mapping.fields.get("rating_min") if beside else None,
    )


def _notes(
    table: RawTable, mapping: Mapping, dates: dict[str, DateRule], scores: dict[str, ScoreRule], rows: int
) -> list[str]:
    notes = []
    if rows == 0:
        notes.append("the file has a header but no rows")
    if (table.info.header_row or 1) > 1:
        notes.append(f"the header is row {table.info.header_row}; what stands above it is not read")
    for name, columns in mapping.others.items():
        notes.append(
            f"{name} is read from “{mapping.fields[name]}”, which goes before {', '.join(columns)};"
            f" input.columns.{name} decides otherwise"
        )
    for name, rule in dates.items():
        column = mapping.fields[name]
        if rule.undecided is not None:
            notes.append(
                f"no {name} is read from “{column}”: {rule.undecided}; input.day_first or input.time_format settles it"
            )
        elif any(kind.startswith("month") for kind in rule.kinds):
            notes.append(f"“{column}” gives months without a day: they count as the first day of the month")
    notes += [
        f"no {name} is read from “{rule.column}”: {rule.refused}" for name, rule in scores.items() if rule.refused
    ]
    return notes
