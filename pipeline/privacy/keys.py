"""Keyed hashes: a plain hash of a phone number or customer id is reversed by trying all of them, a keyed one is not."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError, StoreError

KEY_VARIABLE: Final = "CXI_HASH_KEY"
MIN_KEY_LENGTH: Final = 16
_KEY_BYTES: Final = 32
_KEY_FILE: Final = re.compile(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}\n?")


class KeyedHasher:
    """HMAC-SHA256 (RFC 2104) of a sequence of strings, cut to 128 bits. Never shows its key."""

    def __init__(self, key: bytes) -> None:
        """ValueError if `key` has fewer than 16 bytes."""
        if len(key) < MIN_KEY_LENGTH:
            raise ValueError(f"a key needs at least {MIN_KEY_LENGTH} bytes, got {len(key)}")
        self._key = key

    def __repr__(self) -> str:
        return "KeyedHasher()"

    def hexdigest(self, *parts: str) -> str:
        """32 hexadecimal characters. Each part is preceded by its length: ("ab", "c") and ("a", "bc") differ."""
        encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
        message = b"".join(len(each).to_bytes(8, "big") + each for each in encoded)
        return hmac.digest(self._key, message, hashlib.sha256).hex()[:32]


def load_key(path: Path, env: Mapping[str, str], *, in_use: bool = False) -> bytes:
    """The key from `CXI_HASH_KEY` if `env` has it, else from the file `path`, made with a random key when missing,
    unless a key is `in_use` already: a new one would not be it.

    Losing or changing the key gives every feedback and customer a new identity. Raises ConfigError for an unusable
    variable, StoreError for a missing key that is in use and for a file that cannot be made or read, is damaged, or may
    be read by others.
    """
    value = env.get(KEY_VARIABLE)
    if value is None and not path.exists() and in_use:
        raise StoreError(
            "the hash key of this store is missing",
            where=str(path),
            remedy=f"set {KEY_VARIABLE} as it was when the store was made, or put {path.name} back from a backup",
        )
    if value is None:
        return _read_key(path) if path.exists() else _create_key(path)
    if len(value) < MIN_KEY_LENGTH:
        raise ConfigError(
            f"a key needs at least {MIN_KEY_LENGTH} characters, this one has {len(value)}",
            where=f"environment variable {KEY_VARIABLE}",
            remedy=f"set {KEY_VARIABLE} to a long random string, or unset it to use a key kept beside the store",
        )
    return value.encode("utf-8", "surrogateescape")


def _read_key(path: Path) -> bytes:
    try:
        text = path.read_text(encoding="ascii")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "cannot read the hash key", error) from error
    if not _KEY_FILE.fullmatch(text):
        raise StoreError(
            "the hash key file is damaged", where=str(path), remedy=f"restore it from a backup, or set {KEY_VARIABLE}"
        )
    if os.name == "posix" and mode & 0o077:
        raise StoreError("the hash key file can be read by others", where=str(path), remedy=f"chmod 600 {path}")
    return bytes.fromhex(text)


def _create_key(path: Path) -> bytes:
    """Written aside and linked into place: a second process sees no key or the whole key, and the first one wins."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_KEY_BYTES) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:  # another process was faster: its key is the key
            pass
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(path, "cannot make the hash key", error) from error
    return _read_key(path)


def _unusable(path: Path, message: str, error: Exception) -> StoreError:
    return StoreError(
        f"{message}: {getattr(error, 'strerror', None) or type(error).__name__}",
        where=str(path),
        remedy=f"make the folder writable, or set {KEY_VARIABLE} to a secret of {MIN_KEY_LENGTH} characters or more",
    )
