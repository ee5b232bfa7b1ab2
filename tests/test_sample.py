"""The sample feedback is what sample/README.md says it is."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import openpyxl
import pytest

SAMPLE = Path(__file__).parents[1] / "sample"
README = (SAMPLE / "README.md").read_text(encoding="utf-8")
TURN = datetime(2026, 9, 28)
FILES = ("app_reviews.csv", "客服工单.xlsx", "nps_survey.csv", "ces_chat.jsonl", "social_and_store.csv")
FRENCH = "Livraison en retard"


class Row(NamedTuple):
    """One row: its id (None in the file without ids), local time (None if impossible), text and score."""

    id: str | None
    time: datetime | None
    text: str
    score: int | None


def csv_rows(name: str, *, encoding: str, columns: str, time_format: str) -> Iterator[Row]:
    key, time, text, score = columns.split(",")
    with (SAMPLE / name).open(encoding=encoding, newline="") as file:
        for row in csv.DictReader(file, strict=True):
            yield Row(
                row[key] if key else None,
                parsed(row[time], time_format),
                row[text],
                int(row[score]) if score else None,
            )


def parsed(value: str, time_format: str) -> datetime | None:
    numbers = re.fullmatch(r"(\d+)年(\d+)月(\d+)日", value)
    if numbers:
        year, month, day = map(int, numbers.groups())
        return datetime(year, month, day)
    try:
        return datetime.strptime(value, time_format)
    except ValueError:
        return None


def rows_of(name: str) -> list[Row]:
    if name == "app_reviews.csv":
        columns, time_format = "review_id,time,review,rating", "%Y-%m-%d %H:%M"
        return list(csv_rows(name, encoding="utf-8", columns=columns, time_format=time_format))
    if name == "nps_survey.csv":
        columns, time_format = "问卷编号,时间,评论,NPS", "%Y/%m/%d %H:%M"
        return list(csv_rows(name, encoding="gb18030", columns=columns, time_format=time_format))
    if name == "social_and_store.csv":
        return list(csv_rows(name, encoding="utf-8-sig", columns=",date,comment,", time_format="%d %b %Y"))
    if name == "ces_chat.jsonl":
        lines = (SAMPLE / name).read_text(encoding="utf-8").splitlines()
        return [chat_row(json.loads(line)) for line in lines]
    sheet = openpyxl.load_workbook(SAMPLE / name, read_only=True).active
    assert sheet is not None
    header, *body = sheet.iter_rows(values_only=True)
    assert header[:4] == ("工单号", "时间", "渠道", "内容")
    return [ticket_row(values) for values in body]


def ticket_row(values: tuple[Any, ...]) -> Row:
    key, time, _, text, *_ = values
    assert isinstance(time, datetime)
    return Row(key, time, text, None)


def chat_row(record: dict[str, Any]) -> Row:
    local = datetime.fromisoformat(record["time"]).replace(tzinfo=None)
    return Row(record["id"], local, record["text"], record["ces_1_easy_7_hard"])


@pytest.fixture(scope="module")
def sample() -> dict[str, list[Row]]:
    return {name: rows_of(name) for name in FILES}


@pytest.fixture(scope="module")
def rows(sample: dict[str, list[Row]]) -> list[Row]:
    return [row for name in FILES for row in sample[name]]


def promised(label: str) -> int:
    """The number in the README's table row that starts with `label`."""
    found = re.search(rf"^\| {re.escape(label)}[^|]*\| *(\d+) *\|", README, re.MULTILINE)
    assert found, f"README has no row for {label}"
    return int(found[1])


def language(text: str) -> str:
    """A count of scripts, coarser than the pipeline's own and independent of it."""
    if len(text) > 20_000 or text == "asdfgh":
        return "none"
    if re.search("[\u0e00-\u0e7f]", text) or text.startswith(FRENCH):
        return "other"
    words = re.sub(r"https?://[!-~]+|[\w.]+@[a-z.]+", "", text, flags=re.ASCII)
    han, latin = len(re.findall("[\u3400-\u9fff]", words)) / 1.6, len(re.findall("[A-Za-z]+", words))
    if not han + latin:
        return "none"
    share = latin / (han + latin)
    return "zh" if share < 0.2 else "en" if share > 0.85 else "mixed"


@pytest.mark.parametrize("name", FILES)
def test_every_file_holds_as_many_rows_as_promised(sample: dict[str, list[Row]], name: str) -> None:
    assert len(sample[name]) == promised(name)


def test_the_total_is_the_sum_of_the_files(rows: list[Row]) -> None:
    assert f"{len(rows)} rows of customer feedback" in README
    assert f"共 {len(rows)} 行" in README


def test_weeks_are_as_promised(rows: list[Row]) -> None:
    weeks = Counter("{}-W{:02}".format(*row.time.isocalendar()[:2]) for row in rows if row.time)
    assert weeks == {f"2026-W{week}": promised(f"2026-W{week}") for week in range(36, 44)}
    assert sum(row.time is None for row in rows) == promised("no valid date")


def test_languages_are_as_promised(rows: list[Row]) -> None:
    found = Counter(language(row.text) for row in rows)
    assert found == {label: promised(label) for label in ("zh", "en", "mixed", "other", "none")}


def test_repeated_ids_are_the_planted_ones(rows: list[Row]) -> None:
    by_id: dict[str, list[str]] = {}
    for row in rows:
        if row.id is not None:
            by_id.setdefault(row.id, []).append(row.text)
    repeated = [texts for texts in by_id.values() if len(texts) > 1]
    assert sorted(len(set(texts)) for texts in repeated) == [1, 1, 1, 2]
    assert all(len(texts) == 2 for texts in repeated)


def test_longer_texts_are_not_repeated(rows: list[Row]) -> None:
    by_text: dict[str, set[str | None]] = {}
    for row in rows:
        by_text.setdefault(row.text, set()).add(row.id)
    assert {text for text, ids in by_text.items() if len(ids) > 1 and len(text) > 6} == set()


def test_rubbish_is_planted_sparingly(rows: list[Row]) -> None:
    texts = Counter(row.text for row in rows)
    assert texts[""] == 2
    assert [texts[rubbish] for rubbish in ("asdfgh", "......", "7")] == [1, 1, 1]
    assert sum(len(row.text) > 20_000 for row in rows) == 1
    assert all(len(row.text) <= 350 for row in rows if len(row.text) <= 20_000)


@pytest.mark.parametrize(
    ("name", "rises"), [("app_reviews.csv", True), ("nps_survey.csv", False), ("ces_chat.jsonl", True)]
)
def test_scores_turn_in_week_40(sample: dict[str, list[Row]], name: str, rises: bool) -> None:
    dated = [(row.time, row.score) for row in sample[name] if row.time and row.score is not None]
    early = mean(score for time, score in dated if time < TURN)
    late = mean(score for time, score in dated if time >= TURN)
    assert (late - early > 0.9) if rises else (early - late > 0.9)
