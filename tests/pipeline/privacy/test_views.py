from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.privacy.views import fold, hide_masks, isolate


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("１３８", "138"),
        ("ａ＠ｂ．ｃｎ", "a@b.cn"),
        ("٣৪", "34"),
        ("138\u3000001\u00a038", "138 001 38"),
        ("010—6234–5678", "010-6234-5678"),
        ("好，（12）；！", "好，（12）；！"),
        ("电话：１", "电话:1"),
        ("plain", "plain"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_hide_masks() -> None:
    assert hide_masks("a[PHONE]b[x]c[NAME_2]") == "a" + "\ue000" * 7 + "b[x]c[NAME_2]"
    assert hide_masks("[FULL_NAME]") == "\ue000" * 11


def test_isolate_does_not_join_numbers() -> None:
    assert isolate("9月11日256元a") == "9|11|256|a"


@given(st.text())
def test_views_keep_the_length(text: str) -> None:
    assert len(fold(text)) == len(hide_masks(text)) == len(isolate(fold(text))) == len(text)
