"""Contract of the table that says whether the data of a run look as they used to."""

from __future__ import annotations

from pipeline.tables.contract import Null, TableContract, column

CHECKS = (
    "silence",
    "volume_drop",
    "set_aside",
    "unclassified",
    "low_confidence",
    "language_shift",
    "score_shift",
    "rating_shift",
)
STATES = ("ok", "alert", "cannot_tell")
UNKNOWN: Null = ("not known: too little data", "未知：数据过少")
NO_PERIOD: Null = ("not about a period", "与时期无关")

QUALITY = TableContract(
    name="fact_quality",
    title="Data quality of the run",
    title_zh="本次运行的数据质量",
    grain="one row per check, and per source where a check looks at each",
    grain_zh="每行一项检查；按来源检查的则每个来源一行",
    key=("check_id",),
    columns={
        "check_id": column("string", "check, with its source where it has one", "检查标识，分来源时含来源名"),
        "check": column("string", "what is checked; docs/operations.md", "检查内容", values=CHECKS),
        "source": column("string", "source it is about", "所检查的来源", null=("all sources", "全部来源")),
        "state": column(
            "string", "cannot_tell = too little data to say", "结论；cannot_tell 表示数据不足", values=STATES
        ),
        "value": column(
            "number",
            "what was found: days, a share, the ratio to the history's mean, an index, a difference",
            "实测值：天数、占比、与历史均值之比、指数或差值",
            null=UNKNOWN,
        ),
        "low": column("number", "lower limit of value", "下限", null=("no interval", "无区间")),
        "high": column("number", "upper limit of value", "上限", null=("no interval", "无区间")),
        "n": column(
            "integer",
            "what it rests on: rows for set_aside, respondents for shares and shifts, else feedbacks",
            "依据的数量：set_aside 为行数，占比与变化为受访者数，其余为反馈数",
            low=0,
        ),
        "threshold": column(
            "number",
            "the limit; for volume_drop the ratio from which down it is no chance",
            "限值；volume_drop 为不再能以偶然解释的比值",
            null=("no value would be too low", "任何取值都可能出于偶然"),
        ),
        "period_start": column("date", "first day judged", "所评时期首日", null=NO_PERIOD),
        "period_end": column("date", "last day judged", "所评时期末日", null=NO_PERIOD),
        "message_zh": column("string", "the finding in words, Chinese", "结论（中文）"),
        "message_en": column("string", "the finding in words, English", "结论（英文）"),
    },
)
