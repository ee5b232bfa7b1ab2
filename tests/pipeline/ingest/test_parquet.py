"""Parquet: native types, damage."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow
import pyarrow.parquet
import pytest

from pipeline.errors import InputError
from pipeline.records import Score


def test_native_types(tmp_path, read):
    table = pyarrow.table(
        {
            "id": pyarrow.array([1, 2, 3]),
            "text": pyarrow.array(["好", None, "差"]).dictionary_encode(),
            "created_at": pyarrow.array([datetime(2026, 10, 1, 1, tzinfo=UTC)] * 3),
            "stars": pyarrow.array([5.0, 4.0, 1.0]),
        }
    )
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(table, path)
    result = read(path)
    assert result.texts == ["好", "差"]
    assert [feedback.external_id for feedback in result.feedbacks] == ["1", "3"]
    assert result.feedbacks[0].occurred_at == datetime(2026, 10, 1, 1, tzinfo=UTC)
    assert result.feedbacks[0].rating == Score(5, 1, 5)
    assert result.reasons == [(2, "empty_text")]


@pytest.mark.parametrize("content", [b"id,text\n1,good\n", b"PAR1" + b"\x00" * 50 + b"PAR1"])
def test_what_is_no_parquet(write, read, content):
    with pytest.raises(InputError, match="not a Parquet file"):
        read(write("a.parquet", content))
