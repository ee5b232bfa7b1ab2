"""The one record that flows: a `Feedback`, later holding `OpinionUnit`s. Stages only add fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from models.units import Label
from pipeline.privacy.masker import MaskedText

Language = Literal["zh", "en", "mixed", "other"]
CLASSIFIED: tuple[Language, ...] = ("zh", "en", "mixed")
"""Languages the model reads; feedback in any other is kept, counted and left unclassified."""

QUARANTINE_REASONS = {
    "empty_text": ("the text is empty", "文本为空"),
    "not_text": ("the text holds no letter, character, digit or emoji", "文本没有文字、数字或表情"),
    "too_long": ("the text is longer than 20,000 characters", "文本超过 20000 字符"),
    "undecodable": ("the bytes are not text in the file's encoding", "无法按文件编码解码"),
    "malformed_row": ("the row cannot be read (broken quotes, wrong number of columns, invalid JSON)", "行格式损坏"),
    "bad_date": ("the date cannot be read", "日期无法识别"),
    # Given by versions before 0.2 only: a bad score now costs itself, not its feedback.
    "bad_score": ("the score is not a number of its scale", "分值不在量表内"),
    "missing_id": ("the id column is empty in this row", "编号列为空"),
    "unreadable_file": ("the file found in a directory cannot be read", "目录中的文件无法读取"),
    "conflicting_content": ("the same id appears with other content in this run", "同一编号在本次运行中内容不同"),
}
"""Reason id -> (English, Chinese). Every quarantined row has exactly one."""


QUARANTINE_REMEDIES = {
    "empty_text": (
        "nothing to do, unless the wrong column is read as text (`cxi check`)",
        "无需处理，除非读错了文本列（用 `cxi check` 查看）",
    ),
    "not_text": ("nothing to do", "无需处理"),
    "too_long": (
        "often several feedbacks in one cell, or broken quotes; `input.max_chars` raises the limit",
        "常见原因是一格里有多条反馈，或引号损坏；上限可用 `input.max_chars` 提高",
    ),
    "undecodable": (
        "export as UTF-8, or name the encoding with `--encoding` / `input.encoding`",
        "以 UTF-8 重新导出，或用 `--encoding` / `input.encoding` 指明编码",
    ),
    "malformed_row": (
        "mend the row at its source: quote cells that hold separators, double quotes inside quotes",
        "在源文件中修正该行：含分隔符的单元格加引号，引号内的引号写两遍",
    ),
    "bad_date": (
        "correct the cell, or set `input.time_format` / `input.day_first`",
        "更正该单元格，或设置 `input.time_format` / `input.day_first`",
    ),
    "bad_score": (
        "of version 0.1 only: `cxi quarantine retry` or the next run takes the feedback in, without that score",
        "仅见于 0.1 版：`cxi quarantine retry` 或下次运行会收入该反馈，该分值留空",
    ),
    "missing_id": (
        "fill the id; or, if the column is no id, name the right one with `--id` / `input.columns.id`",
        "补填编号；若该列并非编号，用 `--id` / `input.columns.id` 指明正确的列",
    ),
    "unreadable_file": (
        "see the detail; name the file itself to stop the run on it",
        "见详情；若要让运行因该文件而停止，请直接指定该文件",
    ),
    "conflicting_content": (
        "make ids unique, or map an update time (`input.columns.updated`): the newest version wins",
        "让编号唯一，或指定更新时间列（`input.columns.updated`），以最新版本为准",
    ),
}
"""Reason id -> what to do about it (English, Chinese)."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row was read: file name (no directories), 1-based row as a spreadsheet would number it, sheet if any."""

    file: str
    row: int
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was set aside.

    `reason` is a key of `QUARANTINE_REASONS`; `column` and `detail` (never feedback text, masked where it quotes a
    value) narrow it down; `preview` is at most 80 characters of the masked text. `identity` and `customer` are as in
    `Feedback`, where the row could be read that far.
    """

    origin: Origin
    reason: str
    detail: str
    column: str | None = None
    preview: str = ""
    identity: str | None = None
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A score on its declared scale. CES is stored as given, with `higher_is_better` saying its direction."""

    value: float
    low: float
    high: float
    higher_is_better: bool = True


@dataclass(slots=True)
class OpinionUnit:
    """One evaluation, fact, wish or question (codebook.md). `start` and `end` index `Feedback.text` as Python does.

    `p_sentiment` maps every sentiment id to its probability, where the model gives them (they sum to 1).
    """

    index: int
    start: int
    end: int
    sentiment: Label
    stage: Label
    touchpoint: Label
    intent: Label
    p_sentiment: dict[str, float] | None = None


@dataclass(slots=True)
class Feedback:
    """One customer statement: one verbatim of a row. The text is masked; the original is never kept.

    `key` identifies the feedback over runs (keyed hash, 32 hex characters); `content_hash` tells its versions apart.
    `identity` (keyed hash of source and row id, None for rows without id) is what `cxi forget --id` finds it by.
    `respondent` (keyed hash) groups the answers of one row or one customer: intervals are clustered by it.
    `occurred_at` is time-zone aware or None where the source gives no time.
    """

    key: str
    content_hash: str
    respondent: str
    source: str
    origin: Origin
    text: str
    language: Language
    masked: MaskedText
    identity: str | None = None
    external_id: str | None = None
    customer: str | None = None
    question: str | None = None
    occurred_at: datetime | None = None
    updated_at: datetime | None = None
    channel: str | None = None
    product: str | None = None
    region: str | None = None
    rating: Score | None = None
    nps: Score | None = None
    csat: Score | None = None
    ces: Score | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    units: list[OpinionUnit] = field(default_factory=list)
