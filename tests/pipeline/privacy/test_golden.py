"""The marked cases in tests/golden/privacy: each is masked exactly as marked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipeline.privacy.evaluate import Case, masks_of, read_cases
from pipeline.privacy.kinds import KINDS, mask_token
from pipeline.privacy.masker import Masker

GOLDEN = Path(__file__).parents[2] / "golden" / "privacy"
CASES = [case for path in sorted(GOLDEN.glob("*.txt")) for case in read_cases(path)]


@pytest.fixture(scope="module")
def masker() -> Masker:
    return Masker()


@pytest.mark.parametrize("case", CASES, ids=[case.where for case in CASES])
def test_masked_as_marked(masker: Masker, case: Case) -> None:
    assert masks_of(masker, case.text) == case.values


@pytest.mark.parametrize("case", CASES, ids=[case.where for case in CASES])
def test_text_around_the_values_is_unchanged(masker: Masker, case: Case) -> None:
    expected, done = "", 0
    for kind, start, end in sorted(case.values, key=lambda value: value[1]):
        expected += case.text[done:start] + mask_token(kind)
        done = end
    assert masker.mask(case.text).text == expected + case.text[done:]


def test_the_set_is_large_and_covers_every_kind() -> None:
    assert len(CASES) >= 1_000
    per_kind = Counter(kind for case in CASES for kind, _, _ in case.values)
    assert all(per_kind[kind] >= 5 for kind in KINDS), per_kind
    assert sum(not case.values for case in CASES) >= 300
