"""What counts as new, updated, unchanged, duplicate and quarantined: the rules one by one, then against a model."""

import dataclasses
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreError
from pipeline.records import Origin, QuarantinedRow
from pipeline.store.reconcile import Balance
from pipeline.store.store import Store

DAY = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "out") as opened:
        yield opened


def hashes(store):
    """Key -> content hash of every current feedback."""
    return dict(store._connection.execute("SELECT key, content_hash FROM feedback").fetchall())


def test_new_then_unchanged_then_updated(runs, store):
    first, second = runs.feedback(0), runs.feedback(1)
    assert runs.run(store, [first, second])[0] == Balance(2, 2, 0, 0, 0, 0)
    balance, analysed = runs.run(store, [first, second])
    assert (balance, analysed) == (Balance(2, 0, 0, 2, 0, 0), [])
    balance, analysed = runs.run(store, [first, runs.feedback(1, content="b")])
    assert (balance, analysed) == (Balance(2, 0, 1, 1, 0, 0), [second.key])
    assert hashes(store) == {first.key: "0-a", second.key: "1-b"}
    assert store.units_frame().query("feedback_key == @second.key")["text"].str.endswith("b").any()


def test_feedback_that_is_not_delivered_again_stays(runs, store):
    runs.run(store, [runs.feedback(0)])
    runs.run(store, [runs.feedback(1)])
    assert len(hashes(store)) == 2


def test_same_id_and_same_content_counts_once_over_partitions(runs, store):
    balance, _ = runs.run(store, [runs.feedback(0), runs.feedback(1), runs.feedback(0), runs.feedback(0)], rows=1)
    assert balance == Balance(4, 2, 0, 0, 2, 0)


def test_without_times_the_first_stays_and_the_others_are_set_aside(runs, store):
    items = [runs.feedback(1, content=content, origin=Origin("a.csv", row)) for row, content in enumerate("abcb", 2)]
    balance, _ = runs.run(store, items, rows=2)
    assert balance == Balance(4, 1, 0, 0, 1, 2)
    assert list(hashes(store).values()) == ["1-a"]
    aside = store.quarantine_frame()
    assert aside[["file", "row", "reason"]].values.tolist() == [
        ["a.csv", 3, "conflicting_content"],
        ["a.csv", 4, "conflicting_content"],
    ]
    assert aside["preview"].tolist() == [items[1].text, items[2].text]


def test_the_newest_time_decides_and_older_versions_count_as_duplicates(runs, store):
    items = [
        runs.feedback(1, content="a", updated_at=DAY),
        runs.feedback(1, content="b", updated_at=DAY + timedelta(days=2)),
        runs.feedback(1, content="c", updated_at=DAY + timedelta(days=1)),
    ]
    assert runs.run(store, items)[0] == Balance(3, 1, 0, 0, 2, 0)
    assert list(hashes(store).values()) == ["1-b"]


def test_a_missing_time_decides_nothing(runs, store):
    items = [runs.feedback(1, content="a"), runs.feedback(1, content="b", updated_at=DAY)]
    assert runs.run(store, items)[0] == Balance(2, 1, 0, 0, 0, 1)
    assert list(hashes(store).values()) == ["1-a"]


def test_of_two_newest_versions_the_first_stays_and_the_other_is_set_aside(runs, store):
    items = [
        runs.feedback(1, content="a", updated_at=DAY),
        runs.feedback(1, content="b", updated_at=DAY + timedelta(days=1)),
        runs.feedback(1, content="c", updated_at=DAY + timedelta(days=1)),
    ]
    assert runs.run(store, items)[0] == Balance(3, 1, 0, 0, 1, 1)
    assert list(hashes(store).values()) == ["1-b"]


def test_an_older_version_in_a_later_run_does_not_supersede(runs, store):
    runs.run(store, [runs.feedback(1, content="b", updated_at=DAY + timedelta(days=1))])
    assert runs.run(store, [runs.feedback(1, content="a", updated_at=DAY)])[0] == Balance(1, 0, 0, 0, 1, 0)
    assert runs.run(store, [runs.feedback(1, content="c")])[0] == Balance(1, 0, 1, 0, 0, 0)


def test_an_unchanged_feedback_remembers_its_newest_time(runs, store):
    runs.run(store, [runs.feedback(1, content="a", updated_at=DAY)])
    runs.run(store, [runs.feedback(1, content="a", updated_at=DAY + timedelta(days=3))])
    balance, _ = runs.run(store, [runs.feedback(1, content="b", updated_at=DAY + timedelta(days=2))])
    assert balance == Balance(1, 0, 0, 0, 1, 0)
    assert list(hashes(store).values()) == ["1-a"]


def test_repeated_texts_are_kept_unless_asked_otherwise(runs, store):
    same = [runs.feedback(number, text="很好", origin=Origin("a.csv", number)) for number in range(5)]
    assert runs.run(store, same)[0] == Balance(5, 5, 0, 0, 0, 0)


def test_dropping_repeated_texts_looks_at_the_run_the_store_and_the_source(runs, store):
    def said(number, text, **fields):
        return runs.feedback(number, text=text, content=text, **fields)

    drop = {"drop_repeated_texts": True}
    runs.run(store, [said(0, "很好"), said(1, "好")])
    items = [said(2, "很好"), said(3, "慢"), said(4, "慢"), said(5, "很好", source="other")]
    assert runs.run(store, items, **drop)[0] == Balance(4, 2, 0, 0, 2, 0)
    # A text that an update takes away is free again; known feedbacks are never dropped.
    items = [said(2, "好"), said(1, "差"), said(0, "很好"), said(6, "差")]
    assert runs.run(store, items, **drop)[0] == Balance(4, 1, 1, 1, 1, 0)
    assert set(hashes(store)) == {said(number, "").key for number in (0, 1, 2, 3, 5)}


def test_other_languages_are_kept_and_never_analysed(runs, store):
    item = runs.feedback(6)
    assert item.language == "other"
    assert runs.run(store, [item])[1] == []
    assert store.feedback_frame()["classified"].tolist() == [False]


def test_a_feedback_without_units_is_not_analysed_again(runs, store):
    runs.run(store, [runs.feedback(0)], label=lambda _: [])
    assert runs.run(store, [runs.feedback(0)])[1] == []
    assert store.feedback_frame()["classified"].tolist() == [True]


def test_another_analysis_key_analyses_everything_again_from_the_store(runs, store):
    items = [runs.feedback(number) for number in range(7)]
    runs.run(store, items)
    balance, analysed = runs.run(store, [runs.feedback(1, content="b"), runs.feedback(9)], key="other")
    assert balance == Balance(2, 1, 1, 0, 0, 0)
    assert sorted(analysed) == sorted([item.key for item in items[:6]] + [runs.feedback(9).key])
    assert runs.run(store, items[:1], key="other")[1] == []


def test_a_pending_feedback_comes_back_from_the_store_as_it_went_in(runs, store, tmp_path):
    from pipeline.store import partitions

    item = runs.feedback(2, updated_at=DAY, question="为什么？", attributes={"a": "1"})
    runs.run(store, [item])
    staged = partitions.write_feedback([], tmp_path / "in", rows=1)
    reconciled = store.reconcile(staged.feedback, staged.quarantine, analysis_key="another")
    assert [partitions.read_feedback(path) for path in reconciled.pending] == [[item]]


def test_reconciling_changes_nothing_until_the_commit(runs, store, tmp_path):
    from pipeline.store import partitions

    runs.run(store, [runs.feedback(0)])
    staged = partitions.write_feedback([runs.feedback(0, content="b"), runs.feedback(1)], tmp_path / "in", rows=1)
    store.reconcile(staged.feedback, staged.quarantine, analysis_key=runs.KEY)
    assert list(hashes(store).values()) == ["0-a"]


def test_a_commit_without_the_units_of_a_pending_feedback_stores_nothing(runs, store, tmp_path):
    from pipeline.store import partitions

    staged = partitions.write_feedback(
        [runs.feedback(0), QuarantinedRow(Origin("b", 1), "not_text", "")], tmp_path / "in", rows=1
    )
    reconciled = store.reconcile(staged.feedback, staged.quarantine, analysis_key=runs.KEY)
    with pytest.raises(StoreError, match="feedbacks were not analysed"):
        store.commit(reconciled, [], analysis_key=runs.KEY)
    assert hashes(store) == {}
    assert len(store.quarantine_frame()) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"content_hash": "stale"}, "another version"),
        ({"key": "f" * 32}, "another version"),
        ({"text": "much longer than what was stored, so that the units reach too far"}, "beyond"),
    ],
)
def test_units_of_other_feedbacks_store_nothing(runs, store, tmp_path, change, message):
    from pipeline.store import partitions

    staged = partitions.write_feedback([runs.feedback(3)], tmp_path / "in", rows=1)
    reconciled = store.reconcile(staged.feedback, staged.quarantine, analysis_key=runs.KEY)
    strange = dataclasses.replace(runs.feedback(3), **change)
    strange.units = runs.units(strange)
    partitions.write_units([strange], tmp_path / "u.parquet")
    with pytest.raises(StoreError, match=message):
        store.commit(reconciled, [tmp_path / "u.parquet"], analysis_key=runs.KEY)
    assert hashes(store) == {}


def test_committing_the_same_again_changes_nothing(runs, store, tmp_path):
    from pipeline.store import partitions

    items = [runs.feedback(1), QuarantinedRow(Origin("a.csv", 9), "not_text", "")]
    staged = partitions.write_feedback(items, tmp_path / "in", rows=1)
    reconciled = store.reconcile(staged.feedback, staged.quarantine, analysis_key=runs.KEY)
    batch = partitions.read_feedback(reconciled.pending[0])
    batch[0].units = runs.units(batch[0])
    partitions.write_units(batch, tmp_path / "u.parquet")
    seen = []
    for _ in range(2):
        store.commit(reconciled, [tmp_path / "u.parquet"], analysis_key=runs.KEY)
        seen.append(
            [frame.to_dict() for frame in (store.feedback_frame(), store.units_frame(), store.quarantine_frame())]
        )
    assert str(seen[0]) == str(seen[1])


def test_the_quarantine_shows_the_latest_run_over_each_file(runs, store):
    def aside(file, row, reason="empty_text"):
        return QuarantinedRow(Origin(file, row), reason, "")

    runs.run(store, [aside("a.csv", 1), aside("a.csv", 2), aside("b.csv", 1)])
    runs.run(store, [aside("a.csv", 1), aside("a.csv", 2), aside("b.csv", 1)])
    assert len(store.quarantine_frame()) == 3
    runs.run(store, [aside("a.csv", 2), runs.feedback(0)])
    assert store.quarantine_frame()[["file", "row"]].values.tolist() == [["a.csv", 2], ["b.csv", 1]]
    runs.run(store, [runs.feedback(0, origin=Origin("a.csv", 2))])
    assert store.quarantine_frame()["file"].tolist() == ["b.csv"]


def test_files_of_one_name_keep_all_their_rows_in_the_quarantine(runs, store):
    row = QuarantinedRow(Origin("a.csv", 1, "表"), "empty_text", "")
    balance, _ = runs.run(store, [row, row])
    assert balance.quarantined == 2
    assert store.quarantine_frame()["occurrence"].tolist() == [1, 2]


def test_a_balance_that_does_not_hold_is_refused():
    Balance(5, 1, 1, 1, 1, 1).check()
    with pytest.raises(StoreError, match="row balance"):
        Balance(6, 1, 1, 1, 1, 1).check()


@dataclasses.dataclass
class Model:
    """The rules once more, in plain Python over lists: key -> (content, time)."""

    state: dict[int, tuple[str, int | None]] = dataclasses.field(default_factory=dict)

    def run(self, rows: list[tuple[int, str, int | None]], aside: int) -> Balance:
        count = dict.fromkeys(("new", "updated", "unchanged", "duplicates", "quarantined"), 0)
        count["quarantined"] = aside
        for key, group in itertools.groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
            versions: dict[str, int | None] = {}
            for _, content, time in group:
                if content in versions:
                    count["duplicates"] += 1
                    known = versions[content]
                    versions[content] = time if known is None else known if time is None else max(known, time)
                else:
                    versions[content] = time
            candidates = list(versions)
            times = [time for time in versions.values() if time is not None]
            if len(times) == len(versions):
                candidates = [content for content in versions if versions[content] == max(times)]
                count["duplicates"] += len(versions) - len(candidates)
            count["quarantined"] += len(candidates) - 1
            count[self._take(key, candidates[0], versions[candidates[0]])] += 1
        return Balance(rows=len(rows) + aside, **count)

    def _take(self, key: int, content: str, time: int | None) -> str:
        if key not in self.state:
            self.state[key] = (content, time)
            return "new"
        stored, stored_time = self.state[key]
        newest = max((moment for moment in (time, stored_time) if moment is not None), default=None)
        if stored == content:
            self.state[key] = (content, newest)
            return "unchanged"
        if time is not None and stored_time is not None and time < stored_time:
            return "duplicates"
        self.state[key] = (content, time)
        return "updated"


ROW = st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.none() | st.integers(0, 3))
RUN = st.tuples(st.lists(ROW, max_size=14), st.integers(0, 2), st.integers(1, 5))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RUN, min_size=2, max_size=3))
def test_successive_runs_agree_with_the_model(runs, tmp_path_factory, history):
    model = Model()
    with Store.open(tmp_path_factory.mktemp("out")) as store:
        for rows, aside, size in history:
            items = [
                runs.feedback(key, content=content, updated_at=None if time is None else DAY + timedelta(days=time))
                for key, content, time in rows
            ]
            broken = [QuarantinedRow(Origin("a.csv", row), "empty_text", "") for row in range(aside)]
            balance, _ = runs.run(store, [*items, *broken], rows=size)
            assert balance == model.run(rows, aside)
            assert hashes(store) == {
                runs.feedback(key).key: f"{key}-{content}" for key, (content, _) in model.state.items()
            }
            frame = store.feedback_frame()
            assert frame["n_units"].sum() == len(store.units_frame())
            assert (frame["classified"] == (frame["language"] != "other")).all()
