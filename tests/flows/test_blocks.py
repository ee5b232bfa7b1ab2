"""Secret blocks: read by name, and their failures told without their words."""

from __future__ import annotations

import traceback

import pytest
from prefect.blocks.system import Secret

import flows.blocks
from pipeline import credentials
from pipeline.errors import ConfigError


def test_flows_read_blocks_for_the_pipeline(monkeypatch):
    monkeypatch.setattr(Secret, "load", lambda name: Secret(value=f"value of {name}"))
    assert credentials._reader is flows.blocks.read_secret
    assert credentials.from_block("tickets-url", where="x") == "value of tickets-url"


def test_a_block_that_cannot_be_read_is_named_and_nothing_else(monkeypatch):
    def refuse(name):
        raise ValueError("s3cr3t")

    monkeypatch.setattr(Secret, "load", refuse)
    with pytest.raises(ConfigError, match=r"sql\.url_block.*ValueError.*'tickets-url'") as caught:
        credentials.from_block("tickets-url", where="x")
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
