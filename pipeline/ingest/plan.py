"""How one file will be read, settled by a first pass over it: columns, dates, scores, main language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pipeline.config import Config, Input
from pipeline.errors import InputError
from pipeline.ingest.cells import to_text
from pipeline.ingest.columns import SCORES, Mapping, resolve
from pipeline.ingest.dates import DateRule, DateSurvey
from pipeline.ingest.discover import InputFile
from pipeline.ingest.names import distinct
from pipeline.ingest.readers import open_table
from pipeline.ingest.scores import ScoreRule, ScoreSurvey
from pipeline.ingest.settings import row_settings
from pipeline.ingest.table import RawRow, RawTable
from pipeline.language import main_script
from pipeline.privacy.policy import PrivacyPolicy
from pipeline.records import Language
from pipeline.watermarks import Watermark

_TIMES = ("time", "updated")


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Everything decided about a file before its rows are read.

    `names` (column -> name) and `sheet` are masked, for tables and messages. `notes` are for people: what is left
    out, and the remedy.
    """

    options: Input
    table: RawTable
    mapping: Mapping
    names: dict[str, str]
    sheet: str | None
    dates: dict[str, DateRule]
    scores: dict[str, ScoreRule]
    main_language: Language
    rows: int
    notes: tuple[str, ...]

    @property
    def file(self) -> InputFile:
        """The file that is planned."""
        return self.table.file


def plan_file(
    file: InputFile,
    options: Input,
    *,
    config: Config,
    policy: PrivacyPolicy,
    show: Callable[[str], str],
    known: Watermark | None = None,
) -> FilePlan:
    """Open a file, map its columns and read it once. `show` masks names that come from the file, as `policy` says;
    `known` says how far a database has been read before.

    Raises InputError where the file as a whole cannot be read.
    """
    table = open_table(file, options, known, row_settings(options, config, policy))
    columns = table.info.columns
    if not columns:
        raise InputError("no columns found", where=file.label, remedy="export the file again with its header")
    sheet = show(table.info.sheet) if table.info.sheet else None
    place = f"{file.label}, sheet {sheet}" if sheet else file.label
    mapping = resolve(columns, options.columns, where=place, show=show)
    names = dict(zip(columns, distinct(map(show, columns)), strict=True))
    survey = _Survey(mapping, options, config)
    for row in table.rows():
        survey.rows += 1
        if isinstance(row, RawRow):
            survey.add(row.values)
    dates = survey.date_rules(where=place, names=names)
    scores = {name: rule.rule() for name, rule in survey.scores.items()}
    plan = FilePlan(options, table, mapping, names, sheet, dates, scores, survey.main_language(), survey.rows, notes=())
    return replace(plan, notes=tuple(_notes(plan)))


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

    def date_rules(self, *, where: str, names: dict[str, str]) -> dict[str, DateRule]:
        rules = {name: survey.rule() for name, survey in self.dates.items()}
        for name, rule in rules.items():
            if self._format is not None and rule.unreadable and set(rule.kinds) == {"unreadable"}:
                raise InputError(
                    "no date of this column is in the configured format",
                    where=f"{where}, column {names[self._mapping.fields[name]]}",
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


def _notes(plan: FilePlan) -> Iterator[str]:
    names, header_row = plan.names, plan.table.info.header_row or 1
    if plan.rows == 0 and plan.file.format != "sql":
        yield "the file has a header but no rows"
    if plan.options.sql and plan.options.sql.watermark and "id" not in plan.mapping.fields:
        yield "its rows have no id: equal ones that come later are taken for known ones; input.columns.id names one"
    if header_row > 1:
        yield f"the header is row {header_row}; what stands above it is not read"
    for name, columns in plan.mapping.others.items():
        yield (
            f"{name} is read from “{names[plan.mapping.fields[name]]}”, which goes before"
            f" {', '.join(names[column] for column in columns)}; input.columns.{name} decides otherwise"
        )
    for name, rule in plan.dates.items():
        yield from _date_notes(name, names[plan.mapping.fields[name]], rule)
    for name, scores in plan.scores.items():
        if scores.refused:
            yield f"no {name} is read from “{names[scores.column]}”: {scores.refused}"


def _date_notes(name: str, column: str, rule: DateRule) -> Iterator[str]:
    settles = "input.day_first or input.time_format settles it"
    if rule.undecided is not None:
        yield f"no {name} is read from “{column}”: {rule.undecided}; {settles}"
        return
    if rule.ambiguous:
        yield (
            f"“{column}”: {rule.ambiguous:,} of {rule.dates:,} dates can be read both ways (such as {rule.example})"
            f" and give no {name}; {settles}"
        )
    if any(kind.startswith("month") for kind in rule.kinds):
        yield f"“{column}” gives months without a day: they count as the first day of the month"
