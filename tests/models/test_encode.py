from functools import lru_cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from models.encode import MAX_TOKENS, Encoded, encode, load_tokenizer
from models.errors import ModelBrokenError

from .conftest import SHIPPED


@lru_cache(maxsize=1)
def tokenizer() -> Tokenizer:
    return load_tokenizer(SHIPPED / "tokenizer.json")


def run(text: str) -> Encoded:
    return encode([text], tokenizer())[0]


def test_every_clause_has_a_token_and_tokens_are_in_clause_order() -> None:
    item = run("味道不错送餐太慢了  包装也破了😋 Really good food, but slow\ud800.")
    (window,) = item.windows
    assert window.clause[0] == window.clause[-1] == -1
    inner = window.clause[1:-1]
    assert list(inner) == sorted(inner)
    assert set(inner) == set(range(len(item.clauses)))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u3000"])
def test_nothing_to_read(text: str) -> None:
    assert run(text) == Encoded("en", (), ())


@pytest.mark.parametrize(
    "text", ["味道不错，" * 700, "good food, bad service. " * 500, "坏" * 20000, "x" * 20000 + "，好"]
)
def test_long_texts_are_windowed(text: str) -> None:
    item = run(text)
    assert all(len(w.ids) <= MAX_TOKENS and len(w.ids) == len(w.clause) for w in item.windows)
    covered = {w.first + k for w in item.windows for k in range(w.size)}
    assert covered == set(range(len(item.clauses)))


def test_windows_share_clauses() -> None:
    item = run("味道不错，" * 700)
    for a, b in zip(item.windows, item.windows[1:], strict=False):
        assert a.first < b.first < a.first + a.size


def test_every_window_reaches_further() -> None:
    """Also before a clause that nearly fills a window: it once took one window for each clause before it."""
    item = run("好吃，" * 200 + "x" * 3000 + "，" + "好吃，" * 200)
    ends = [w.first + w.size for w in item.windows]
    assert ends == sorted(set(ends))
    assert len(ends) <= 6


def test_broken_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ModelBrokenError, match=r"tokenizer\.json"):
        load_tokenizer(path)
