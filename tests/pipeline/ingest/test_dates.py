"""Dates: forms, columns that settle what a cell leaves open, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import InputError
from pipeline.ingest.dates import DateRule, DateSurvey, UndatedError

ZONE = ZoneInfo("Asia/Shanghai")


def _survey(*cells: object, time_format: str | None = None, day_first: bool | None = None) -> DateRule:
    survey = DateSurvey(ZONE, time_format=time_format, day_first=day_first)
    for cell in cells:
        survey.add(cell)
    return survey.rule()


def _naive(rule: DateRule, cell: object) -> str | None:
    moment = rule.read(cell)
    return None if moment is None else moment.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2024-03-05", "2024-03-05 00:00"),
        ("2024-03-05T15:20:30", "2024-03-05 15:20"),
        ("2024-03-05 15:20:30.123456789", "2024-03-05 15:20"),
        ("2024/3/5 15:20", "2024-03-05 15:20"),
        ("2024.03.05", "2024-03-05 00:00"),
        ("2024-3-5 9:05", "2024-03-05 09:05"),
        ("2024年3月5日", "2024-03-05 00:00"),
        ("2024年3月5日 下午3:20", "2024-03-05 15:20"),
        ("2024年03月05日15时20分", "2024-03-05 15:20"),
        ("2024年3月5日 星期二 上午9点", "2024-03-05 09:00"),
        ("2024年3月5日 中午12:30", "2024-03-05 12:30"),
        ("2024年3月5日 凌晨12:10", "2024-03-05 00:10"),
        ("2024/3/5 晚上8:00", "2024-03-05 20:00"),
        ("2024-3-5 24:00", "2024-03-06 00:00"),
        ("2024年3月", "2024-03-01 00:00"),
        ("2024-3", "2024-03-01 00:00"),
        ("2024.3", "2024-03-01 00:00"),
        ("Mar 5, 2024", "2024-03-05 00:00"),
        ("March 5th, 2024 3:20 PM", "2024-03-05 15:20"),
        ("5 March 2024", "2024-03-05 00:00"),
        ("05-Mar-2024 10:00", "2024-03-05 10:00"),
        ("Tue, 5 Sept 2024 08:00", "2024-09-05 08:00"),
        ("5 MAR 2024", "2024-03-05 00:00"),
        ("20240305", "2024-03-05 00:00"),
        ("20240305152000", "2024-03-05 15:20"),
        (20240305, "2024-03-05 00:00"),
        (45356, "2024-03-05 00:00"),
        ("45356.638888889", "2024-03-05 15:20"),
        (datetime(2024, 3, 5, 15, 20), "2024-03-05 15:20"),
        (date(2024, 3, 5), "2024-03-05 00:00"),
    ],
)
def test_forms_that_need_no_column(cell, wanted):
    rule = _survey(cell)
    assert _naive(rule, cell) == wanted
    assert rule.read(cell).tzinfo is ZONE


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2024-03-05T15:20:00Z", datetime(2024, 3, 5, 15, 20, tzinfo=UTC)),
        ("2024-03-05T15:20:00+08:00", datetime(2024, 3, 5, 7, 20, tzinfo=UTC)),
        ("2024-03-05 15:20:00 +0800", datetime(2024, 3, 5, 7, 20, tzinfo=UTC)),
        ("2024/3/5 15:20 UTC", datetime(2024, 3, 5, 15, 20, tzinfo=UTC)),
        ("Tue, 05 Mar 2024 15:20:00 GMT", datetime(2024, 3, 5, 15, 20, tzinfo=UTC)),
        ("1709652000", datetime(2024, 3, 5, 15, 20, tzinfo=UTC)),
        (1709652000000, datetime(2024, 3, 5, 15, 20, tzinfo=UTC)),
    ],
)
def test_forms_with_their_own_zone(cell, wanted):
    assert _survey(cell).read(cell) == wanted


def test_the_column_settles_day_and_month():
    assert _naive(_survey("05/03/2024", "25/03/2024"), "05/03/2024") == "2024-03-05 00:00"
    assert _naive(_survey("05/03/2024", "03/25/2024 9:00 AM"), "05/03/2024") == "2024-05-03 00:00"
    assert _naive(_survey("05.03.24", "03.25.24"), "05.03.24") == "2024-05-03 00:00"


def test_in_a_column_that_settles_no_order_only_what_can_be_read_both_ways_gives_no_time():
    others = ("05/05/2024", "2024-03-07", "2024年3月8日", "9 March 2024", "soon")
    rule = _survey("05/03/2024", "06/03/2024 下午3:20", *others)
    assert (rule.order, rule.undecided) == (None, None)
    assert (rule.ambiguous, rule.dates, rule.example) == (2, 6, "05/03/2024")
    assert rule.read("05/03/2024") is None
    assert rule.read("06/03/2024 下午3:20") is None
    assert _naive(rule, "05/05/2024") == "2024-05-05 00:00"
    assert _naive(rule, "2024-03-07") == "2024-03-07 00:00"
    assert _naive(rule, "2024年3月8日") == "2024-03-08 00:00"
    assert _naive(rule, "9 March 2024") == "2024-03-09 00:00"
    with pytest.raises(UndatedError, match="does not exist"):
        rule.read("31/02/2024")


def test_in_a_column_that_mixes_both_orders_each_cell_is_read_that_makes_one_date():
    rule = _survey("25/03/2024", "03/26/2024", "05/03/2024")
    assert (rule.order, rule.undecided, rule.ambiguous) == (None, None, 1)
    assert _naive(rule, "25/03/2024") == "2024-03-25 00:00"
    assert _naive(rule, "03/26/2024") == "2024-03-26 00:00"
    assert rule.read("05/03/2024") is None


def test_a_settled_order_holds_for_every_cell():
    rule = _survey("05/03/2024", "25/03/2024")
    assert rule.ambiguous == 0
    with pytest.raises(UndatedError, match="does not exist"):
        rule.read("03/25/2024")


def test_two_digit_years_can_stand_first_or_last():
    assert _survey("25/03/24").ambiguous == 1  # 25 March 2024 or 2025-03-24
    assert _naive(_survey("25/03/24", day_first=True), "25/03/24") == "2024-03-25 00:00"


@pytest.mark.parametrize(("day_first", "wanted"), [(True, "2024-03-05 00:00"), (False, "2024-05-03 00:00")])
def test_day_first_decides(day_first, wanted):
    assert _naive(_survey("05/03/2024", day_first=day_first), "05/03/2024") == wanted


def test_a_given_format_is_the_only_one():
    rule = _survey("05|03|24", time_format="%d|%m|%y")
    assert _naive(rule, "05|03|24") == "2024-03-05 00:00"
    with pytest.raises(UndatedError):
        rule.read("2024-03-05")


@pytest.mark.parametrize("cell", ["", "  ", "-", "N/A", "无", None, "NaT", float("nan")])
def test_empty_cells(cell):
    assert _survey(cell).read(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        "昨天",
        "3天前",
        "yesterday",
        "soon",
        "2024",
        "12",
        "2024-02-30",
        "2024-13-01",
        "25:61",
        "31/02/2024",
        "1850-01-01",
    ],
)
def test_what_is_no_date(cell):
    rule = _survey("2024-03-05", "2024-03-06", cell)
    with pytest.raises(UndatedError):
        rule.read(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "1900-01-01",
        "1989-12-31",
        "1900年1月1日",
        "01/01/1900",
        "Jan 1, 1970",
        "19000101",
        25569,
        datetime(1900, 1, 1),
        date(1970, 1, 1),
        "2099-12-31",
        f"{date.today().year + 2}-01-01",
    ],
)
def test_years_that_are_not_of_feedback(cell):
    rule = _survey("2024-03-05", "2024-03-06", cell)
    assert rule.unreadable == 1
    with pytest.raises(UndatedError, match="not one of feedback"):
        rule.read(cell)


def test_the_next_year_still_counts():
    cell = f"{date.today().year + 1}-12-31"
    assert _naive(_survey(cell), cell) == f"{cell} 00:00"
    assert _naive(_survey("1990-01-01"), "1990-01-01") == "1990-01-01 00:00"


@pytest.mark.parametrize("cell", [time(9, 30), time(0, 0), timedelta(days=1, hours=6)])
def test_times_of_day_alone(cell):
    rule = _survey("2024-03-05", "2024-03-06", cell)
    assert rule.unreadable == 1
    with pytest.raises(UndatedError, match="time of day without a date"):
        rule.read(cell)


def test_zone_abbreviations_are_refused():
    with pytest.raises(UndatedError, match="ambiguous"):
        _survey("2024-03-05").read("Tue Mar 05 10:00:00 CST 2024")


def test_a_bad_date_sets_its_row_aside(write, read):
    result = read(write("a.csv", "id,text,time\n1,好,2026-10-01\n2,行,2026-10-41\n3,可,\n"))
    assert [feedback.external_id for feedback in result.feedbacks] == ["1", "3"]
    assert result.reasons == [(3, "bad_date")]
    assert "2026-10-41" in result.quarantined[0].detail


def test_a_sentinel_date_sets_its_row_aside(write, read):
    result = read(write("a.csv", "编号,评论,时间\n1,好,2026-10-01\n2,行,1900-01-01\n3,可,2026-10-02\n"))
    assert result.reasons == [(3, "bad_date")]
    assert "“1900-01-01”: its year is not one of feedback (1990 to " in result.quarantined[0].detail


def test_dates_that_can_be_read_both_ways_are_left_out_with_a_note(write, read):
    path = write("a.csv", "id,text,date\n1,好,03/04/2026\n2,fine,05/04/2026\n3,行,2026-10-01\n")
    result = read(path)
    assert [feedback.occurred_at for feedback in result.feedbacks] == [None, None, datetime(2026, 10, 1, tzinfo=ZONE)]
    (note,) = result.notes
    assert "2 of 3 dates can be read both ways (such as 03/04/2026) and give no time" in note
    assert "input.day_first" in note
    assert read(path, day_first=True).feedbacks[0].occurred_at == datetime(2026, 4, 3, tzinfo=ZONE)


def test_a_column_of_no_dates_is_left_out(write, read):
    result = read(write("a.csv", "id,text,time\n1,好,上午\n2,行,下午\n3,可,2026-10-01\n"))
    assert len(result.feedbacks) == 3
    assert "most of its cells are not dates" in result.notes[0]


def test_a_format_that_fits_nothing_is_an_error(write, read):
    with pytest.raises(InputError, match=r"input\.time_format"):
        read(write("a.csv", "id,text,time\n1,好,2026-10-01\n"), time_format="%d/%m/%Y")


def test_month_precision_is_noted(write, read):
    assert "first day of the month" in read(write("a.csv", "id,text,time\n1,好,2026-10\n")).notes[0]
