"""Helpers for ingest tests: files written on the spot, read with a small masker (the real one has its own tests)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Config, Input
from pipeline.ingest.read import Reading, read_feedback
from pipeline.privacy.keys import KeyedHasher
from pipeline.privacy.masker import MaskedText, Masker
from pipeline.privacy.policy import PrivacyPolicy
from pipeline.records import Feedback, QuarantinedRow


class PhoneMasker(Masker):
    """Masks mainland mobile numbers only."""

    def __init__(self) -> None:
        self.policy = PrivacyPolicy()

    def mask(self, text: str) -> MaskedText:
        return MaskedText(re.sub(r"1[3-9]\d{9}", "[PHONE]", text))


class Result:
    """A reading taken to its end."""

    def __init__(self, reading: Reading) -> None:
        items = list(reading.items())
        self.survey = reading.survey
        self.notes = list(reading.notes)
        self.feedbacks = [item for item in items if isinstance(item, Feedback)]
        self.quarantined = [item for item in items if isinstance(item, QuarantinedRow)]

    @property
    def texts(self) -> list[str]:
        return [feedback.text for feedback in self.feedbacks]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(row.origin.row, row.reason) for row in self.quarantined]

    @property
    def keys(self) -> list[str]:
        return [feedback.key for feedback in self.feedbacks]


@pytest.fixture(scope="session")
def masker() -> Masker:
    return PhoneMasker()


@pytest.fixture(scope="session")
def hasher() -> KeyedHasher:
    return KeyedHasher(b"a key only for these tests")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of the test's own: text (in an encoding) or bytes."""

    def _write(name: str, content: str | bytes, *, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding, "surrogatepass"))
        return path

    return _write


@pytest.fixture
def read(masker: Masker, hasher: KeyedHasher) -> Callable[..., Result]:
    """Read paths with the given Input fields (`columns` as a dict) and time zone."""

    def _read(paths: Path | Sequence[Path], *, timezone: str = "Asia/Shanghai", **options: Any) -> Result:
        listed = [paths] if isinstance(paths, Path) else list(paths)
        source = Input.model_validate({"paths": listed, **options})
        config = Config.model_validate({"timezone": timezone})
        return Result(read_feedback([source], config=config, masker=masker, hasher=hasher))

    return _read
