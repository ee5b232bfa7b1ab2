"""What a notification says, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.alerts.lifecycle import Alert, Due

DUE: Mapping[Due, tuple[str, str]] = {
    "opened": ("新报警", "new"),
    "worse": ("加重", "worse"),
    "reminder": ("仍未解除", "still there"),
    "closed": ("已解除", "over"),
}


def title(alerts: Sequence[Alert]) -> str:
    """One line for all alerts of a notification."""
    n = len(alerts)
    return f"cx-insight: {n} {'alert' if n == 1 else 'alerts'} / {n} 项报警"


def body(alerts: Sequence[Alert]) -> str:
    """Every alert with what happened to it, first in Chinese, then in English."""
    return "\n\n".join(_paragraph(alert) for alert in alerts)


def _paragraph(alert: Alert) -> str:
    chinese, english = DUE[alert.due or "reminder"]
    since = f"{alert.first_seen:%Y-%m-%d %H:%M} UTC"
    return (
        f"[{alert.id}] {chinese}：{alert.message[0]}（自 {since}，{alert.count} 次）\n"
        f"[{alert.id}] {english}: {alert.message[1]} (since {since}, seen {alert.count}×)"
    )
