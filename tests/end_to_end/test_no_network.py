"""`cxi run` with the shipped model contacts nothing: any socket but a local one fails the run."""

from __future__ import annotations

import pytest


@pytest.mark.usefixtures("socket_disabled")
def test_the_whole_job_without_a_network(cxi, write_rows):
    write_rows("a.jsonl", [{"id": "1", "text": "味道不错，送餐太慢了"}, {"id": "2", "text": "mail me at a.b@example.com"}])
    result = cxi("run", "a.jsonl", model=None)
    assert result.exit_code == 0, result.output
