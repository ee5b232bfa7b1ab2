from __future__ import annotations

import ctypes
import sys

import pytest

from models import memory


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_glibc_takes_the_setting():
    assert memory.reuse_buffers()


def test_another_c_library_is_no_error(monkeypatch):
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert not memory.reuse_buffers()
