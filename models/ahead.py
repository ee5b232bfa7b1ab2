"""Work that another thread does ahead of its use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Raw = TypeVar("Raw")
Ready = TypeVar("Ready")


def ahead(make: Callable[[Raw], Ready], items: Sequence[Raw], *, depth: int) -> Iterator[Ready]:
    """`make(item)` for every item, in order; while one is used, another thread makes the next `depth`."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Ready]] = deque()
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
