"""Reading only what is new: what is staged is the same as if everything had been read at once, whatever was kept."""

import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config import Columns, Config, Input
from pipeline.errors import StoreError
from pipeline.ingest.read import read_feedback
from pipeline.planning import plan_run
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import Masker
from pipeline.privacy.policy import load_policy
from pipeline.progress import Silent
from pipeline.run import run
from pipeline.staging import stage
from pipeline.store import partitions, snapshot
from pipeline.store.store import Store

CONFIG = Config.model_validate({"model": {"name": "lexicon"}, "partition_rows": 3})
ROWS = [{"text": text, "city": city} for text in ("很好", "送餐太慢了") for city in ("北京", "上海")]


def write(folder: Path, name: str, rows: list[dict]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def source(folder: Path) -> Input:
    return Input(paths=[folder], columns=Columns(attributes=["city"]))


def staged(out: Path, inputs: Path, *, config: Config = CONFIG, columns: Columns | None = None):
    """What a run stages and what it knew; commits as a run does, so that readings are kept."""
    given_source = source(inputs) if columns is None else Input(paths=[inputs], columns=columns)
    with Store.open(out) as store:
        ingested = stage(config, [given_source], store, progress=Silent())
        store.readings.retain(ingested.readings, others=False)
        rows = [row for path in ingested.staged.feedback for row in partitions.read_table(path).to_pylist()]
        aside = partitions.read_table(ingested.staged.quarantine).to_pylist()
        return rows, aside, ingested.known


def read_at_once(inputs: Path, key: bytes, folder: Path):
    reading = read_feedback([source(inputs)], config=CONFIG, masker=Masker(load_policy()), hasher=KeyedHasher(key))
    made = partitions.write_feedback(reading.items(), folder, rows=100)
    rows = [row for path in made.feedback for row in partitions.read_table(path).to_pylist()]
    return rows, partitions.read_table(made.quarantine).to_pylist()


file_rows = st.lists(
    st.one_of(
        st.sampled_from(ROWS),
        st.builds(lambda row, number: {**row, "id": str(number)}, st.sampled_from(ROWS), st.integers(1, 4)),
        st.just({"text": "。。。", "city": "北京"}),
    ),
    min_size=1,
    max_size=6,
)


def same_form(rows):
    """A file has ids in all rows or in none; an id that is missing sets a row aside."""
    return [{key: value for key, value in row.items() if key != "id" or "id" in rows[0]} for row in rows]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=st.lists(st.dictionaries(st.sampled_from("abc"), file_rows, max_size=3), min_size=1, max_size=3))
def test_what_is_staged_does_not_depend_on_what_was_kept(tmp_path_factory, nights):
    folder = tmp_path_factory.mktemp("staging")
    key = b"0123456789abcdef"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXI_HASH_KEY", key.decode())
        write(folder / "in", "z.jsonl", ROWS)
        for night, files in enumerate(nights):
            for name, rows in files.items():
                write(folder / "in", f"{name}.jsonl", same_form(rows))
            kept = staged(folder / "out", folder / "in")[:2]
            assert kept == read_at_once(folder / "in", key, folder / f"once-{night}")


def test_only_new_and_changed_files_are_read(tmp_path, monkeypatch):
    inputs = tmp_path / "in"
    for name in "abc":
        write(inputs, f"{name}.jsonl", ROWS)
    assert staged(tmp_path / "out", inputs)[2] == ()
    write(inputs, "b.jsonl", ROWS[:2])
    write(inputs, "d.jsonl", ROWS)
    read = []
    original = partitions.write_feedback

    def noted(items, folder, **more):
        read.append(folder)
        return original(items, folder, **more)

    monkeypatch.setattr(partitions, "write_feedback", noted)
    rows, _, known = staged(tmp_path / "out", inputs)
    assert known == ("a.jsonl", "c.jsonl")
    assert sorted(folder.name for folder in read if folder.parent.name == "read") == ["00001", "00003"]
    assert len({row["key"] for row in rows}) == len(rows) == 14


@pytest.mark.parametrize(
    "change",
    [
        {"config": CONFIG.model_copy(update={"timezone": "Asia/Shanghai"})},
        {"columns": Columns(attributes=[])},
    ],
)
def test_other_settings_read_again(tmp_path, change):
    write(tmp_path / "in", "a.jsonl", ROWS)
    staged(tmp_path / "out", tmp_path / "in")
    assert staged(tmp_path / "out", tmp_path / "in")[2] == ("a.jsonl",)
    assert staged(tmp_path / "out", tmp_path / "in", **change)[2] == ()


@pytest.mark.parametrize("damage", ["truncate", "remove", "facts"])
def test_a_damaged_reading_is_read_again(tmp_path, damage):
    write(tmp_path / "in", "a.jsonl", ROWS)
    before = staged(tmp_path / "out", tmp_path / "in")
    (folder,) = (tmp_path / "out" / "store" / "read").iterdir()
    part = folder / "feedback-00000.parquet"
    if damage == "truncate":
        part.write_bytes(part.read_bytes()[:-10])
    elif damage == "remove":
        part.unlink()
    else:
        (folder / "reading.json").write_text("{")
    after = staged(tmp_path / "out", tmp_path / "in")
    assert after == before


def test_readings_hold_no_personal_data_and_go_when_the_file_goes(tmp_path):
    phone = "13800138000"
    write(tmp_path / "in", "a.jsonl", [{"text": f"请回电{phone}，谢谢", "city": "北京"}])
    write(tmp_path / "in", "b.jsonl", ROWS)
    run(CONFIG, [source(tmp_path / "in")], tmp_path / "out")
    assert len([*(tmp_path / "out" / "store" / "read").iterdir()]) == 2
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or phone.encode() not in path.read_bytes(), path
    (tmp_path / "in" / "a.jsonl").unlink()
    run(CONFIG, [source(tmp_path / "in")], tmp_path / "out")
    assert len([*(tmp_path / "out" / "store" / "read").iterdir()]) == 1


def test_a_run_over_other_paths_keeps_what_the_nightly_one_has_read(tmp_path):
    inputs, out = tmp_path / "in", tmp_path / "out"
    for name in "ab":
        write(inputs, f"{name}.jsonl", ROWS)
    nightly = CONFIG.model_copy(update={"sources": [source(inputs)]})

    def kept():
        return len([*(out / "store" / "read").iterdir()])

    run(nightly, nightly.sources, out)
    extra = source(write(tmp_path, "extra.jsonl", ROWS))
    run(nightly, [extra], out)
    assert kept() == 3
    write(tmp_path, "extra.jsonl", ROWS[:2])
    run(nightly, [extra], out)
    assert kept() == 3  # of a file that has changed, the last reading
    with Store.open(out) as store:
        assert stage(nightly, nightly.sources, store, progress=Silent()).known == ("a.jsonl", "b.jsonl")
    run(nightly, nightly.sources, out)
    assert kept() == 2


def test_a_reading_that_cannot_be_removed_stops_forgetting_and_no_run(tmp_path, monkeypatch):
    inputs, unlink = tmp_path / "in", os.unlink

    def refuse(path, **more):
        if Path(path).name == "reading.json":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        unlink(path, **more)

    write(inputs, "a.jsonl", ROWS)
    staged(tmp_path / "out", inputs)
    monkeypatch.setattr(os, "unlink", refuse)
    write(inputs, "a.jsonl", ROWS[:2])
    assert staged(tmp_path / "out", inputs)[2] == ()
    with Store.open(tmp_path / "out") as store:
        with pytest.raises(StoreError, match="may hold what was forgotten"):
            store.rewrite()
        assert store.feedback_frame().empty


def test_a_plan_knows_files_that_the_last_run_did_not_read(tmp_path):
    out = tmp_path / "out"
    write(tmp_path / "in", "a.jsonl", ROWS)
    run(CONFIG, [source(tmp_path / "in")], out)
    run(CONFIG, [source(write(tmp_path, "extra.jsonl", ROWS))], out)
    planned = plan_run(CONFIG, [source(tmp_path / "in")], out, reanalyse=False, progress=Silent())
    assert planned.files == {"a.jsonl": "read differently"}


@pytest.fixture
def full(monkeypatch):
    """Let a function fail as on a full disk."""

    def strike(place):
        def fail(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(place, fail)

    return strike


def test_a_disk_that_is_full_where_a_reading_is_kept(tmp_path, full):
    write(tmp_path / "in", "a.jsonl", ROWS)
    full("pipeline.store.readings.sync")
    with Store.open(tmp_path / "out") as store, pytest.raises(StoreError, match="free disk space"):
        stage(CONFIG, [source(tmp_path / "in")], store, progress=Silent())


def test_a_disk_that_is_full_where_a_partition_is_written_or_resumed(tmp_path, full):
    with Store.open(tmp_path / "out") as store:
        pending = store.work / "pending.parquet"
        table = pa.table({"key": ["a"], "content_hash": ["1"]})
        partitions.write_table(table, pending)
        target = store.finished.target(pending, "model")
        target.parent.mkdir(parents=True)
        partitions.write_table(table.append_column("units", pa.array([[]])), target)
        full("pipeline.store.finished.make_empty")
        with pytest.raises(StoreError, match="free disk space"):
            store.finished.remaining([pending], store.work / "resumed", analysis_key="model", partition_rows=5)
        full("pipeline.store.partitions.pq.write_table")
        with pytest.raises(StoreError, match="free disk space"):
            partitions.write_table(table, pending)


def test_a_plan_says_what_a_run_then_does_and_changes_nothing(tmp_path):
    inputs, out = tmp_path / "in", tmp_path / "out"
    write(inputs, "a.jsonl", ROWS)
    planned = plan_run(CONFIG, [source(inputs)], out, reanalyse=False, progress=Silent())
    assert not out.exists()
    assert (planned.files, planned.fresh, planned.again) == ({"a.jsonl": "new"}, 4, 0)
    assert run(CONFIG, [source(inputs)], out).balance == planned.balance
    write(inputs, "a.jsonl", ROWS[:3])
    write(inputs, "b.jsonl", ROWS[3:])
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")}
    planned = plan_run(CONFIG, [source(inputs)], out, reanalyse=True, progress=Silent())
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.parquet")} == before
    assert (planned.files, planned.fresh, planned.again) == ({"a.jsonl": "changed", "b.jsonl": "new"}, 0, 4)
    done = run(CONFIG, [source(inputs)], out, reanalyse=True)
    assert done.balance == planned.balance
    assert done.analysed.feedbacks == 4
    assert plan_run(CONFIG, [source(inputs)], out, reanalyse=False, progress=Silent()).files == {
        "a.jsonl": "unchanged",
        "b.jsonl": "unchanged",
    }
    later = CONFIG.model_copy(update={"timezone": "Asia/Shanghai"})
    assert set(plan_run(later, [source(inputs)], out, reanalyse=False, progress=Silent()).files.values()) == {
        "read differently"
    }


def test_a_run_goes_on_where_a_killed_one_stopped(tmp_path, monkeypatch):
    inputs = tmp_path / "in"
    rows = [{"text": f"送餐太慢了 {number}", "city": "北京", "id": str(number)} for number in range(10)]
    write(inputs, "a.jsonl", rows)
    whole = run(CONFIG, [source(inputs)], tmp_path / "whole")

    import pipeline.run as steps

    analysed: list[int] = []
    original = steps.analyse_partition

    def dying(config, path, target, **more):
        if len(analysed) == 2:
            raise KeyboardInterrupt
        done = original(config, path, target, **more)
        analysed.append(done.feedbacks)
        return done

    monkeypatch.setattr(steps, "analyse_partition", dying)
    with pytest.raises(KeyboardInterrupt):
        run(CONFIG, [source(inputs)], tmp_path / "out")
    assert analysed == [3, 3]
    monkeypatch.setattr(steps, "analyse_partition", original)
    write(inputs, "0.jsonl", [{"text": "很好", "city": "上海", "id": "new"}])  # shifts every partition
    again = run(CONFIG, [source(inputs)], tmp_path / "out")
    assert (again.analysed.resumed, again.analysed.feedbacks) == (6, 5)
    assert not (tmp_path / "out" / "store" / "finished").exists()
    one, other = (result.tables["fact_opinion_unit"].drop(columns=["feedback_key"]) for result in (whole, again))
    assert len(other) == len(one) + 1
    units = snapshot.load(again.snapshot, ["fact_opinion_unit"])["fact_opinion_unit"]
    assert not units.duplicated(["feedback_key", "unit_index"]).any()


def test_a_disk_that_is_too_full_is_known_before_anything_is_read(tmp_path, monkeypatch):
    write(tmp_path / "in", "a.jsonl", ROWS)
    monkeypatch.setattr("pipeline.store.files.shutil.disk_usage", lambda _: SimpleNamespace(free=500))
    with pytest.raises(StoreError, match=r"too little disk space.*0 MiB free") as caught:
        run(CONFIG, [source(tmp_path / "in")], tmp_path / "out")
    assert caught.value.exit_code == 5
    assert not (tmp_path / "out" / "published").exists()
    monkeypatch.setattr("pipeline.store.files.shutil.disk_usage", lambda _: SimpleNamespace(free=500_000))
    run(CONFIG, [source(tmp_path / "in")], tmp_path / "out")


def test_units_of_another_version_are_not_taken(tmp_path):
    with Store.open(tmp_path / "out") as store:
        path = store.work / "pending.parquet"
        table = pa.table({"key": ["a", "b"], "content_hash": ["1", "2"]})
        partitions.write_table(table, path)
        target = store.finished.target(path, "model-1")
        target.parent.mkdir(parents=True)
        partitions.write_table(pa.table({"key": ["a", "b"], "content_hash": ["1", "old"], "units": [[], []]}), target)
        for key, units in (("model-1", 1), ("model-2", 0)):
            left = store.finished.remaining([path], store.work / key, analysis_key=key, partition_rows=5)
            assert left.feedbacks == units
            kept = pa.concat_tables([partitions.read_table(each) for each in left.pending])
            assert kept["key"].to_pylist() == (["b"] if units else ["a", "b"])
