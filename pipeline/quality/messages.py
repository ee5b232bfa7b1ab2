"""The words of the checks, Chinese and English. Counts, shares and names of sources only, never feedback text."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "silence.ok": (
        "最近一次运行带来新反馈是在 {value:.0f} 天前（限 {limit:.0f} 天），当次 {n:,} 条。",
        "The last run that took in new feedback was {value:.0f} days ago (limit {limit:.0f}) and took in {n:,}.",
    ),
    "silence.alert": (
        "已 {value:.0f} 天没有任何一次运行带来新反馈（限 {limit:.0f} 天）。",
        "No run has taken in new feedback for {value:.0f} days (limit {limit:.0f}).",
    ),
    "silence.empty": ("还没有任何反馈。", "There is no feedback at all."),
    "silence.cannot_tell": (
        "没有任何一次运行记录表明何时带来过新反馈。",
        "No recorded run says when new feedback came in.",
    ),
    "volume_drop.ok": (
        "来源“{source}”在 {period} 有 {current:,} 条反馈，此前每期平均 {expected:,.1f} 条。",
        "Source “{source}” has {current:,} feedbacks in {period}; the periods before have {expected:,.1f} on average.",
    ),
    "volume_drop.alert": (
        "来源“{source}”在 {period} 只有 {current:,} 条反馈，此前每期平均 {expected:,.1f} 条；"
        "不超过 {floor:,} 条即难以用偶然解释。",
        "Source “{source}” has only {current:,} feedbacks in {period}; the periods before have {expected:,.1f}"
        " on average, and {floor:,} or fewer are no chance.",
    ),
    "volume_drop.cannot_tell": (
        "来源“{source}”无法判断反馈是否减少：此前只有 {periods} 个完整时期（至少 {needed} 个），或反馈过少、没有日期。",
        "Source “{source}”: a drop cannot be told, with {periods} whole periods before (at least {needed}),"
        " too little feedback or no dates.",
    ),
    "set_aside.ok": (
        "本次运行隔离了 {n:,} 行中的 {value:.1%}（限 {limit:.0%}）。",
        "This run set aside {value:.1%} of {n:,} rows (limit {limit:.0%}).",
    ),
    "set_aside.alert": (
        "本次运行隔离了 {n:,} 行中的 {value:.1%}，超过 {limit:.0%}。",
        "This run set aside {value:.1%} of {n:,} rows, more than {limit:.0%}.",
    ),
    "set_aside.cannot_tell": (
        "本次运行只读入 {n:,} 行，无法判断隔离比例是否正常（限 {limit:.0%}）。",
        "This run read only {n:,} rows: whether the share set aside is in order cannot be told (limit {limit:.0%}).",
    ),
    "unclassified.ok": (
        "{period}的反馈中 {value:.1%} 没有观点单元（限 {limit:.0%}）。",
        "{value:.1%} of the feedback of {period} has no opinion unit (limit {limit:.0%}).",
    ),
    "unclassified.alert": (
        "{period}的反馈中 {value:.1%} 没有观点单元（其他语言，或不含观点），超过 {limit:.0%}。",
        "{value:.1%} of the feedback of {period} has no opinion unit (another language, or no opinion),"
        " more than {limit:.0%}.",
    ),
    "low_confidence.ok": (
        "{period}的观点中模型没有把握的占 {value:.1%}（限 {limit:.0%}）。",
        "The model is not sure of {value:.1%} of the opinions of {period} (limit {limit:.0%}).",
    ),
    "low_confidence.alert": (
        "{period}的观点中模型没有把握的占 {value:.1%}，超过 {limit:.0%}。",
        "The model is not sure of {value:.1%} of the opinions of {period}, more than {limit:.0%}.",
    ),
    "share.cannot_tell": (
        "{period}只有 {n:,} 位受访者，样本少，无法判断该占比是否正常（限 {limit:.0%}）。",
        "Small n: with {n:,} respondents in {period}, whether the share is in order cannot be told"
        " (limit {limit:.0%}).",
    ),
    "language_shift.ok": (
        "来源“{source}”的语言构成未变：指数 {value:.2f}（限 {limit:.2f}），{period}。",
        "The languages of source “{source}” are as before: index {value:.2f} (limit {limit:.2f}), {period}.",
    ),
    "language_shift.alert": (
        "来源“{source}”的语言构成变了：指数 {value:.2f}，超过 {limit:.2f}，{period}。",
        "The languages of source “{source}” have changed: index {value:.2f}, more than {limit:.2f}, {period}.",
    ),
    "score_shift.ok": (
        "模型的平均概率未变：相差 {value:+.3f}（限 ±{limit:.2f}），{period}。",
        "The model's mean probability is as before: {value:+.3f} (limit ±{limit:.2f}), {period}.",
    ),
    "score_shift.alert": (
        "模型的平均概率变了：相差 {value:+.3f}，超过 ±{limit:.2f}，{period}。",
        "The model's mean probability has changed by {value:+.3f}, more than ±{limit:.2f}, {period}.",
    ),
    "rating_shift.ok": (
        "来源“{source}”的平均评分未变：相差量表的 {value:+.1%}（限 ±{limit:.0%}），{period}。",
        "The mean rating of source “{source}” is as before: {value:+.1%} of its scale (limit ±{limit:.0%}), {period}.",
    ),
    "rating_shift.alert": (
        "来源“{source}”的平均评分变了：相差量表的 {value:+.1%}，超过 ±{limit:.0%}，{period}。",
        "The mean rating of source “{source}” has changed by {value:+.1%} of its scale,"
        " more than ±{limit:.0%}, {period}.",
    ),
    "shift.cannot_tell": (
        "{name_zh}：样本少，{period}只有 {n:,} 位受访者，此前 {before:,} 位，无法判断有无变化。",
        "{name_en}: small n, {n:,} respondents in {period} and {before:,} before, so a change cannot be told.",
    ),
}
"""Check and state -> (Chinese, English), with `{placeholders}`."""

NAMES: Mapping[str, tuple[str, str]] = {
    "silence": ("没有新反馈", "no new feedback"),
    "volume_drop": ("反馈量下降", "volume drop"),
    "set_aside": ("隔离行占比", "rows set aside"),
    "unclassified": ("未分类占比", "unclassified feedback"),
    "low_confidence": ("存疑观点占比", "unclear opinions"),
    "language_shift": ("语言构成变化", "language shift"),
    "score_shift": ("模型概率变化", "shift of the model's probabilities"),
    "rating_shift": ("评分变化", "rating shift"),
}
"""Check -> (Chinese, English) name."""


def words(key: str, **values: object) -> tuple[str, str]:
    """The text of `key` in Chinese and English with its placeholders filled; a pair has one value for each."""
    chinese, english = (
        TEXTS[key][side].format(
            **{name: value[side] if isinstance(value, tuple) else value for name, value in values.items()}
        )
        for side in (0, 1)
    )
    return chinese, english
