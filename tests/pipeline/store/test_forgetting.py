"""Forgetting in the store: found by id or customer, gone from the file's bytes, kept out, and equal to never having
been read.
"""

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest.identity import Identifier
from pipeline.privacy.keys import KeyedHasher
from pipeline.records import Origin, QuarantinedRow
from pipeline.store import snapshot
from pipeline.store.database import STORE_VERSION
from pipeline.store.forgetting import Holdings, Target
from pipeline.store.reconcile import Balance
from pipeline.store.store import Store
from pipeline.store.tombstones import Tombstones

SECRET = "PLANTED一句话"
COLUMNS = {"feedback": ("identity",), "quarantine": ("identity", "customer")}


def answers(runs, hasher, number, *, customer=None, **fields):
    """The two answers of row `number` of a survey, keyed as ingest does."""
    row = Identifier(hasher)
    identity = row.identity("files", str(number))
    known = customer and row.customer(customer)
    for question in ("q1", "q2"):
        yield runs.feedback(
            number,
            key=hasher.hexdigest("id", "files", str(number), question),
            identity=identity,
            respondent=known or identity,
            customer=known,
            question=question,
            **fields,
        )


def by_id(store, number):
    return Target("identity", Identifier(store.hasher).identity("files", str(number)), "files", str(number))


def by_customer(store, name):
    return Target("customer", Identifier(store.hasher).customer(name))


def bytes_of(out):
    return b"".join(path.read_bytes() for path in (out / "store").iterdir() if path.is_file())


def test_a_row_goes_with_all_its_answers_units_and_what_was_set_aside_of_it(runs, tmp_path):
    with Store.open(tmp_path) as store:
        items = [each for number in range(4) for each in answers(runs, store.hasher, number)]
        target = by_id(store, 2)
        aside = [
            QuarantinedRow(Origin("a", row), "bad_date", "", identity=each)
            for row, each in enumerate((target.hash, None, "another"))
        ]
        runs.run(store, [*items, *aside])
        units = int((store.feedback_frame()["external_id"] == "2").sum()) * 2
        assert store.holdings([target, target]) == Holdings(2, units, 1)
        store.remove([target], snapshot=0)
        assert not store.holdings([target])
        assert sorted(store.feedback_frame()["external_id"]) == ["0", "0", "1", "1", "3", "3"]
        assert set(store.units_frame()["feedback_key"]) <= set(store.feedback_frame()["feedback_key"])
        assert store.quarantine_frame()["row"].tolist() == [1, 2]


def test_what_was_forgotten_is_counted_and_never_staged(runs, tmp_path):
    with Store.open(tmp_path) as store:
        items = [each for number in range(3) for each in answers(runs, store.hasher, number)]
        runs.run(store, items)
        store.remove([by_id(store, 1)], snapshot=0)
        store.rewrite()
        aside = QuarantinedRow(Origin("a", 9), "bad_date", "", identity=by_id(store, 1).hash)
        assert runs.run(store, [*items, aside])[0] == Balance(7, 0, 0, 4, 0, 0, forgotten=3)
        assert store.quarantine_frame().empty


def test_a_customer_goes_from_every_source_and_new_feedback_stays_out(runs, tmp_path):
    with Store.open(tmp_path) as store:
        first = [*answers(runs, store.hasher, 1, customer="ann"), *answers(runs, store.hasher, 2, customer="ben")]
        runs.run(store, first)
        store.remove([by_customer(store, "ann")], snapshot=0)
        later = list(answers(runs, store.hasher, 3, customer="ann", source="tickets"))
        assert runs.run(store, [*first, *later])[0] == Balance(6, 0, 0, 2, 0, 0, forgotten=4)
        assert store.tombstones() == Tombstones(customers=frozenset([by_customer(store, "ann").hash]))


def test_the_file_made_anew_holds_no_byte_of_it(runs, tmp_path):
    rows = 3000
    with Store.open(tmp_path) as store:
        planted = {7, 1500, rows - 1}
        items = [
            runs.feedback(
                number,
                text=f"{SECRET if number in planted else '别的话'} {number * 7919}",
                attributes={"店": f"{SECRET}{number}"} if number in planted else {},
                identity=Identifier(store.hasher).identity("files", str(number)),
            )
            for number in range(rows)
        ]
        aside = QuarantinedRow(Origin("a.csv", 5), "bad_date", SECRET, preview=SECRET, identity=by_id(store, 7).hash)
        runs.run(store, [*items, aside], rows=2000)
    assert SECRET.encode() in bytes_of(tmp_path)
    with Store.open(tmp_path) as store:
        store.remove([by_id(store, number) for number in planted], snapshot=0)
        store.rewrite()
        store.finish()
        kept = store.feedback_frame()
    assert len(kept) == rows - 3
    assert SECRET.encode() not in bytes_of(tmp_path)
    assert sorted(path.name for path in (tmp_path / "store").iterdir() if path.name != "lock") == [
        "hash.key",
        "store.duckdb",
    ]
    with Store.open(tmp_path) as store:
        assert len(store.feedback_frame()) == rows - 3
        assert store.unfinished() is None


def test_unfinished_work_is_known_until_it_is_done(runs, tmp_path):
    with Store.open(tmp_path) as store:
        runs.run(store, answers(runs, store.hasher, 1))
        target = by_id(store, 1)
        store.remove([target], snapshot=7)
    with Store.open(tmp_path) as store:
        pending = store.unfinished()
        assert (pending.hashes, pending.rows, pending.snapshot) == ({target.hash}, 2, 7)
        store.rewrite()
        store.finish()
        assert store.unfinished() is None
        assert store.tombstones().identities == {target.hash}


def make_older(path):
    """Make a store one of version 1."""
    with duckdb.connect(str(path)) as connection:
        for table, columns in COLUMNS.items():
            for column in columns:
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("tombstone", "alert", "backfill", "watermark"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET value = '1' WHERE name = 'version'")


@pytest.mark.parametrize(
    ("customer", "question", "external_id"),
    [(None, None, "1"), (None, "q1", "1"), ("ann", None, "1"), ("ann", "q1", "1"), ("ann", "q1", "[PHONE]")],
)
def test_feedback_of_a_store_of_version_1_is_found_too(runs, tmp_path, customer, question, external_id):
    with Store.open(tmp_path) as store:
        row = Identifier(store.hasher)
        identity = row.identity("files", "1")
        item = runs.feedback(
            1,
            key=store.hasher.hexdigest("id", "files", "1", *([question] if question else [])),
            respondent=row.customer(customer) if customer else identity,
            customer=row.customer(customer) if customer else None,
            question=question,
            external_id=external_id,
        )
        aside = QuarantinedRow(Origin("a", 2), "bad_date", SECRET, preview=SECRET)
        runs.run(store, [item, runs.feedback(2, identity=row.identity("files", "2")), aside])
    make_older(tmp_path / "store" / "store.duckdb")
    with Store.open(tmp_path) as store:
        ((version,),) = store._connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchall()
        assert version == str(STORE_VERSION)
        assert store.quarantine_frame()["preview"].tolist() == [SECRET]
        store.remove([by_id(store, 1)], snapshot=0)
        assert store.feedback_frame()["external_id"].tolist() == ["2"]
        # Nobody knows whose row that was: its words go, the row stays.
        assert store.quarantine_frame()[["row", "reason", "preview"]].to_numpy().tolist() == [[2, "bad_date", ""]]
        assert runs.run(store, [runs.feedback(2)], rows=3)[0].unchanged == 1


def test_a_store_left_open_by_another_program_is_not_swapped(runs, tmp_path):
    with Store.open(tmp_path) as store:
        runs.run(store, answers(runs, store.hasher, 1))
        log = tmp_path / "store" / ".store.duckdb.new.wal"
        original = store._connection.close

        class Closing:
            def __getattr__(self, name):
                return getattr(real, name)

            def close(self):
                original()
                log.write_bytes(b"log")

        real, store._connection = store._connection, Closing()
        with pytest.raises(Exception, match="another program has this database open"):
            store.rewrite()
        log.unlink()
        assert len(store.feedback_frame()) == 2


def test_only_the_current_snapshot_stays(runs, tmp_path):
    for _ in range(2):
        last = runs.nightly(tmp_path)
    (tmp_path / "published" / ".tmp-000009-x").mkdir()
    (tmp_path / "published" / ".old-000001-x").mkdir()
    snapshot.keep_current(tmp_path)
    assert sorted(path.name for path in (tmp_path / "published").iterdir()) == [last.name, "CURRENT"]
    assert snapshot.number(tmp_path) == 2


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["a", "b"]), st.sampled_from([None, "ann", "ben"])), max_size=8
    ),
    gone=st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["ann", "ben"])), min_size=1, max_size=2),
    repeated=st.booleans(),
)
def test_forgetting_equals_never_having_read(runs, tmp_path_factory, rows, gone, repeated):
    folder = tmp_path_factory.mktemp("stores")
    hasher = KeyedHasher(b"0123456789abcdef")
    if repeated:
        # A version that hid another under its id decides which of two equal texts came first, and a known one stays.
        rows = list({row[0]: row for row in rows}.values())
    items = [
        each
        for number, content, customer in rows
        for each in answers(
            runs, hasher, number, customer=customer, content=content, content_hash=f"{number} {content} {customer}"
        )
    ]
    kept = [
        each
        for (number, _, customer), each in zip([row for row in rows for _ in range(2)], items, strict=True)
        if number not in gone and customer not in gone
    ]
    frames = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXI_HASH_KEY", "0123456789abcdef")
        for name, given_items in (("forgotten", items), ("never", kept)):
            with Store.open(folder / name) as store:
                if name == "forgotten":
                    runs.run(store, items, drop_repeated_texts=repeated)
                    targets = [
                        by_customer(store, each) if isinstance(each, str) else by_id(store, each) for each in gone
                    ]
                    store.remove(targets, snapshot=0)
                    store.rewrite()
                balance, _ = runs.run(store, given_items, drop_repeated_texts=repeated)
                assert balance.forgotten == (len(items) - len(kept) if name == "forgotten" else 0)
                frames.append((store.feedback_frame(), store.units_frame(), store.quarantine_frame()))
    for one, other in zip(*frames, strict=True):
        assert one.equals(other)
