"""Notifications through Apprise. The addresses are secrets: they are never logged, and Apprise's own log is shut."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pipeline.alerts import texts
from pipeline.alerts.lifecycle import Alert
from pipeline.config import Config

Say = Callable[[str], None]
"""Where the user is told what did not work: the terminal or a flow run's log."""


def addresses(config: Config) -> list[str]:
    """The Apprise URLs of the configured environment variable; none where it is not set."""
    return os.environ.get(config.alerts.urls_env, "").split()


def send(config: Config, alerts: Sequence[Alert], *, say: Say) -> bool:
    """Tell everybody about these alerts in one notification. Whether anybody got it; never raises."""
    return deliver(config, texts.title(alerts), texts.body(alerts), say=say)


def deliver(config: Config, title: str, body: str, *, say: Say) -> bool:
    """Send one notification to every address. Whether one of them took it."""
    urls, reached = addresses(config), 0
    for place, url in enumerate(urls, start=1):
        problem = _deliver(url, title, body)
        if problem is None:
            reached += 1
        else:
            say(f"alerts: address {place} of {len(urls)} in {config.alerts.urls_env} {problem}")
    return reached > 0


def _deliver(url: str, title: str, body: str) -> str | None:
    """What went wrong, without the address; None if nothing."""
    try:
        with _silent():
            from apprise import Apprise, NotifyType

            service = Apprise()
            if not service.add(url):
                return "is not one that Apprise knows"
            return None if service.notify(body, title=title, notify_type=NotifyType.WARNING) else "did not take it"
    except Exception as error:
        return f"failed: {type(error).__name__}"  # the message of a network error holds the address


@contextmanager
def _silent() -> Iterator[None]:
    """Apprise logs addresses that it cannot read, urllib3 the path it posts to."""
    loggers = [logging.getLogger(name) for name in ("apprise", "urllib3.connectionpool")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
