"""Scores: declared scales only, odd cells, and what is left out with a note."""

from __future__ import annotations

import pytest

from pipeline.config import Scale
from pipeline.ingest.scores import ScoreSurvey, UnscoredError, read_cell
from pipeline.records import Score


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (4, (4.0, None)),
        (4.5, (4.5, None)),
        ("4", (4.0, None)),
        (" 4.0 ", (4.0, None)),
        ("4,5", (4.5, None)),
        ("5星", (5.0, None)),
        ("8分", (8.0, None)),
        ("4 stars", (4.0, None)),
        ("10 - 非常愿意", (10.0, None)),
        ("5（非常满意）", (5.0, None)),
        ("4/5", (4.0, 5.0)),
        ("4 out of 5", (4.0, 5.0)),
        ("★★★★☆", (4.0, 5.0)),
        ("★★★★★", (5.0, 5.0)),
        ("", None),
        ("N/A", None),
        (None, None),
    ],
)
def test_cells(cell, wanted):
    assert read_cell(cell) == wanted


@pytest.mark.parametrize("cell", ["很好", "五", "1-5", "4 of", "5x", True, "9" * 300])
def test_cells_that_are_no_scores(cell):
    with pytest.raises(UnscoredError):
        read_cell(cell)


def _rule(name, column, cells, *, scale=None):
    survey = ScoreSurvey(name, column, scale)
    for cell in cells:
        survey.add({column: cell})
    return survey.rule()


def test_nps_is_0_to_10_by_its_name():
    assert _rule("nps", "nps", [0, 10, 7]).read({"nps": 0}) == Score(0, 0, 10)


def test_nps_on_another_stated_scale_is_not_nps():
    assert "another scale" in _rule("nps", "推荐度(1-5)", [3]).refused


def test_the_configuration_goes_before_the_name():
    rule = _rule("csat", "满意度(1-5)", [1, 2], scale=Scale(low=1, high=5, higher_is_better=False))
    assert rule.read({"满意度(1-5)": 1}) == Score(1, 1, 5, higher_is_better=False)
    assert rule.scale_from == "input.scales.csat"


@pytest.mark.parametrize(("name", "column"), [("rating", "评分"), ("csat", "csat"), ("ces", "ces(1-7)")])
def test_an_undeclared_scale_is_refused(name, column):
    rule = _rule(name, column, [1, 3, 5])
    assert f"input.scales.{name}" in rule.refused
    assert rule.read({column: 3}) is None


def test_a_value_off_the_scale():
    with pytest.raises(UnscoredError, match="outside the scale 1-5"):
        _rule("rating", "stars", [1, 2, 5, 6]).read({"stars": 6})


def test_a_column_mostly_off_its_scale_is_refused():
    assert "outside 0-10" in _rule("nps", "nps", [50, 60, 7]).refused


def test_a_column_of_words_is_refused():
    assert "not numbers" in _rule("csat", "满意度(1-5)", ["满意", "一般", 5]).refused


def test_the_low_end_under_a_stated_top():
    assert _rule("rating", "rating out of 5", [1, 4]).read({"rating out of 5": 4}) == Score(4, 1, 5)
    assert _rule("rating", "rating out of 5", [0.5, 4]).read({"rating out of 5": 4}) == Score(4, 0, 5)
    assert _rule("rating", "score", ["4/5", "3/5"]).read({"score": "3/5"}) == Score(3, 1, 5)


def test_rating_max_column(write, read):
    lines = ['{"text": "好", "rating": 4, "rating_max": 5}', '{"text": "行", "rating": 0, "rating_max": 10}']
    lines += ['{"text": "可", "rating": null, "rating_max": null}', '{"text": "嗯", "rating": 3}']
    result = read(write("a.jsonl", "\n".join(lines)))
    assert [feedback.rating for feedback in result.feedbacks] == [Score(4, 1, 5), Score(0, 0, 10), None, None]


def test_scores_of_a_table(write, read):
    text = "编号,评论,星级,NPS,满意度(1-5),ces_1_easy_7_hard\n1,好,5星,10,4,2\n2,差,1,11,1,7\n3,中,,,,\n"
    result = read(write("a.csv", text))
    first, second, last = result.feedbacks
    assert (first.rating, first.nps, first.csat) == (Score(5, 1, 5), Score(10, 0, 10), Score(4, 1, 5))
    assert first.ces == Score(2, 1, 7, higher_is_better=False)
    assert (last.rating, last.nps, last.csat, last.ces) == (None, None, None, None)
    assert (second.rating, second.nps, second.csat) == (Score(1, 1, 5), None, Score(1, 1, 5))
    assert result.reasons == []
    assert result.notes == [
        "a.csv: 1 value of “NPS” is no score of its scale (first in row 3: outside the scale 0-10): left empty, the"
        " feedback is kept"
    ]


def test_a_bad_score_costs_only_itself_and_is_counted_once_for_a_kept_row(write, read):
    rows = ["1,好,4", "2,差,六", "3,行,99", "4,。。。,77", "5,慢,5", "6,,66", "7,可,3", "8,嗯,2"]
    result = read(write("a.csv", "\n".join(["编号,评论,星级", *rows])))
    assert [feedback.rating and feedback.rating.value for feedback in result.feedbacks] == [4, None, None, 5, 3, 2]
    assert result.reasons == [(5, "not_text"), (7, "empty_text")]
    (note,) = result.notes
    assert note.startswith("a.csv: 2 values of “星级” are no score of its scale (first in row 3: not a number)")
    assert "六" not in note
    assert "99" not in note


def test_a_bad_score_of_a_row_with_several_answers_counts_once(write, read):
    text = "编号,优点,缺点,NPS\n1,快,贵,11\n2,好,,9\n"
    result = read(write("a.csv", text), columns={"text": ["优点", "缺点"]})
    assert [feedback.nps and feedback.nps.value for feedback in result.feedbacks] == [None, None, 9]
    assert "1 value of “NPS”" in result.notes[0]


def test_correcting_a_score_makes_another_version_of_the_same_feedback(write, read):
    header, good = "编号,评论,NPS", "2,好,9"
    before, after = (read(write("a.csv", f"{header}\n1,差,{score}\n{good}\n")).feedbacks[0] for score in ("11", "1"))
    assert before.key == after.key
    assert before.content_hash != after.content_hash


def test_undeclared_scales_leave_the_text(write, read):
    result = read(write("a.csv", "id,text,评分\n1,好,5\n2,差,1\n"))
    assert result.texts == ["好", "差"]
    assert [feedback.rating for feedback in result.feedbacks] == [None, None]
    assert "no rating is read from “评分”" in result.notes[0]
    declared = read(write("b.csv", "id,text,评分\n1,好,5\n2,差,1\n"), scales={"rating": {"low": 1, "high": 5}})
    assert declared.feedbacks[1].rating == Score(1, 1, 5)
