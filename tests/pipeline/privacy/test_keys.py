from __future__ import annotations

import hashlib
import hmac
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, StoreError
from pipeline.privacy.keys import KEY_VARIABLE, KeyedHasher, load_key

KEY = b"0123456789abcdef"
parts = st.lists(st.text(alphabet="ab\x00\ud800中", max_size=4), max_size=4)


def test_a_known_value() -> None:
    message = (2).to_bytes(8, "big") + b"ab" + (3).to_bytes(8, "big") + "中".encode()
    assert KeyedHasher(KEY).hexdigest("ab", "中") == hmac.new(KEY, message, hashlib.sha256).hexdigest()[:32]


@given(one=parts, other=parts)
def test_different_parts_never_look_alike(one: list[str], other: list[str]) -> None:
    hasher = KeyedHasher(KEY)
    assert (hasher.hexdigest(*one) == hasher.hexdigest(*other)) == (one == other)


def test_another_key_gives_another_hash() -> None:
    assert KeyedHasher(KEY).hexdigest("a") != KeyedHasher(KEY[::-1]).hexdigest("a")


def test_the_key_is_not_shown() -> None:
    assert repr(KeyedHasher(KEY)) == "KeyedHasher()"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        KeyedHasher(b"abc")


def test_the_environment_comes_first_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    assert load_key(path, {KEY_VARIABLE: "钥匙" * 8}) == ("钥匙" * 8).encode()
    assert not path.exists()


@pytest.mark.parametrize("value", ["", "short", "x" * 15])
def test_a_short_variable_is_an_error(tmp_path: Path, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_key(tmp_path / "hash.key", {KEY_VARIABLE: value})
    assert KEY_VARIABLE in str(caught.value)
    assert "remedy" in str(caught.value)
    assert value == "" or value not in str(caught.value).replace(KEY_VARIABLE, "")


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "store" / "hash.key"
    key = load_key(path, {})
    assert len(key) == 32
    assert load_key(path, {}) == key
    assert [each.name for each in path.parent.iterdir()] == ["hash.key"]
    assert load_key(tmp_path / "other.key", {}) != key


def test_a_key_that_is_in_use_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "store" / "hash.key"
    with pytest.raises(StoreError, match=rf"missing(.|\n)*set {KEY_VARIABLE}(.|\n)*put hash\.key back"):
        load_key(path, {}, in_use=True)
    assert not list(tmp_path.iterdir())
    key = load_key(path, {})
    assert load_key(path, {}, in_use=True) == key


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    load_key(path, {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(StoreError, match="chmod 600"):
        load_key(path, {})


def test_many_at_once_agree(tmp_path: Path) -> None:
    path = tmp_path / "hash.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: load_key(path, {}), range(64)))
    assert len(keys) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["hash.key"]


@pytest.mark.parametrize("content", [b"", b"abc\n", b"0" * 63, b"g" * 64, b"\xff" * 64, b"0" * 64 + b"\n\n"])
def test_a_damaged_key_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hash.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StoreError, match=r"hash\.key"):
        load_key(path, {})
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match=KEY_VARIABLE):
        load_key(tmp_path / "file" / "hash.key", {})
