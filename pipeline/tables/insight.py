"""Contracts of the tables that metrics and insight make: period figures, ranked actions, evidence."""

from __future__ import annotations

from pandera.pandas import Column

from pipeline.tables.contract import Null, TableContract, column

PERIOD_TYPES = ("all", "month", "week")
DIMENSIONS = (
    "total",
    "stage",
    "touchpoint",
    "stage_touchpoint",
    "channel",
    "product",
    "region",
    "source",
    "language",
    "question",
)
METRICS = (
    "positive_share",
    "neutral_share",
    "negative_share",
    "net_sentiment",
    "low_confidence_share",
    "feedback_share_negative",
    "nps",
    "csat",
    "ces",
    "rating_mean",
)
TOO_FEW: Null = ("too few observations to say", "样本过少，无法估计")


def _bounded(name: str, meaning: str, zh: str, *, low: float, null: Null | None = None) -> dict[str, Column]:
    """A share or balance (at most 1) with the ends of its interval."""
    return {
        name: column("number", meaning, zh, low=low, high=1, null=null),
        f"{name}_low": column(
            "number", f"lower end of the interval of {name}", f"{zh}区间下限", low=low, high=1, null=TOO_FEW
        ),
        f"{name}_high": column(
            "number", f"upper end of the interval of {name}", f"{zh}区间上限", low=low, high=1, null=TOO_FEW
        ),
    }


def _counts(polar: str, polar_zh: str) -> dict[str, Column]:
    """How many feedbacks, respondents and units speak of a cell, and how many of them with sentiment `polar`."""
    having = {"feedback": ("feedbacks", f"含{polar_zh}观点的"), "respondents": ("respondents", f"表达{polar_zh}观点的")}
    names_zh = {"feedback": "反馈数", "respondents": "受访者数"}
    return {
        "n_feedback": column("integer", "feedbacks with a unit here", "涉及的反馈数", low=0),
        "n_respondents": column("integer", "respondents with a unit here", "涉及的受访者数", low=0),
        "n_units": column("integer", "units here", "观点单元数", low=0),
        **{
            f"n_{polar}_{of}": column("integer", f"{many} with a {polar} unit here", zh + names_zh[of], low=0)
            for of, (many, zh) in having.items()
        },
        f"n_{polar}_units": column("integer", f"{polar} units here", f"{polar_zh}观点单元数", low=0),
    }


_CELL = {
    "stage": column("string", "journey stage", "旅程阶段", label_of="stage"),
    "touchpoint": column("string", "touchpoint", "触点", label_of="touchpoint"),
}

METRIC_PERIOD = TableContract(
    name="fact_metric_period",
    title="Figures per period and segment",
    title_zh="分期分组指标",
    grain="one row per period, segment and metric",
    grain_zh="每行一个时期、分组与指标",
    key=("period_type", "period", "dimension", "segment", "metric"),
    columns={
        "period_type": column(
            "string", "all, calendar month or ISO week", "全部、自然月或 ISO 周", values=PERIOD_TYPES
        ),
        "period": column("string", 'all, "2026-10" or "2026-W40"', "时期：all、2026-10 或 2026-W40"),
        "period_start": column(
            "date",
            "first day of the period, included",
            "时期首日（含）",
            null=("no dated feedback", "没有带日期的反馈"),
        ),
        "period_end": column(
            "date",
            "last day of the period, included",
            "时期末日（含）",
            null=("no dated feedback", "没有带日期的反馈"),
        ),
        "period_complete": column("boolean", "the data covers the whole period", "数据是否覆盖整个时期"),
        "dimension": column("string", "what the segment is a value of", "分组维度", values=DIMENSIONS),
        "segment": column(
            "string",
            'value of the dimension: "all", "delivery", "delivery/fulfilment", a channel',
            "分组取值",
        ),
        "stage": column(
            "string",
            "stage of the segment",
            "分组对应的阶段",
            null=("not cut by stage", "未按阶段分组"),
            label_of="stage",
        ),
        "touchpoint": column(
            "string",
            "touchpoint of the segment",
            "分组对应的触点",
            null=("not cut by touchpoint", "未按触点分组"),
            label_of="touchpoint",
        ),
        "metric": column("string", "the figure; see docs/insight.md", "指标", values=METRICS),
        "value": column("number", "its estimate; shares in 0..1", "估计值；占比为 0–1"),
        "ci_low": column("number", "lower end of its interval", "区间下限", null=TOO_FEW),
        "ci_high": column("number", "upper end of its interval", "区间上限", null=TOO_FEW),
        "interval_method": column(
            "string", "how the interval was made", "区间估计方法", null=("no interval", "无区间")
        ),
        "n_feedback": column("integer", "feedbacks behind the estimate", "反馈数", low=0),
        "n_respondents": column("integer", "respondents behind the estimate", "受访者数", low=0),
        "n_units": column("integer", "opinion units behind the estimate", "观点单元数", low=0),
        "small_n": column("boolean", "too few respondents for a firm figure (metrics.small_n)", "样本偏少，仅供参考"),
    },
)

ACTION_PRIORITY = TableContract(
    name="fact_action_priority",
    title="Ranked actions",
    title_zh="行动优先级",
    grain="one row per journey stage and touchpoint that feedback speaks of",
    grain_zh="每行一个被反馈提及的阶段与触点组合",
    key=("stage", "touchpoint"),
    columns={
        **_CELL,
        "rank": column(
            "integer",
            "1 = first to act on",
            "优先级名次，1 为最优先",
            low=1,
            null=("too few complaints to rank", "抱怨过少，不排名"),
        ),
        "score": column("number", "priority score; formula in docs/insight.md", "优先级得分", low=0),
        **_bounded("reach", "share of respondents who complain here", "触及面：在此抱怨的受访者占比", low=0),
        "severity": column("number", "how negative the units here are", "严重度", low=0),
        "reliability": column("number", "how sure the figures are", "可靠度", low=0, high=1),
        "weight": column("number", "weight from the configuration", "配置权重", low=0),
        **_counts("negative", "负面"),
        **_bounded("negative_share", "share of units here that are negative", "负面观点占比", low=0),
        **_bounded("net_sentiment", "positive minus negative share of units", "净情感（正面占比减负面占比）", low=-1),
        "rank_low": column(
            "integer",
            "best rank in the interval",
            "名次区间上端（较优）",
            low=1,
            null=("not ranked", "未排名"),
        ),
        "rank_high": column(
            "integer",
            "worst rank in the interval",
            "名次区间下端（较差）",
            low=1,
            null=("not ranked", "未排名"),
        ),
        **_bounded(
            "trend",
            "negative share of the later half minus that of the earlier half of the time covered",
            "趋势：后半期减前半期的负面占比",
            low=-1,
            null=("no dates, or too few observations", "无日期或样本过少"),
        ),
        **_bounded(
            "reach_trend",
            "reach in the later half minus that in the earlier half of the time covered",
            "触及面趋势：后半期减前半期",
            low=-1,
            null=("no dates, or too few respondents", "无日期或受访者过少"),
        ),
        "action_id": column("string", "entry of the action playbook", "行动手册条目"),
        "owner_role": column("string", "role that owns the action", "负责角色"),
        "action_zh": column("string", "what to do, Chinese", "行动（中文）"),
        "action_en": column("string", "what to do, English", "行动（英文）"),
        "owner_zh": column("string", "the role's name, Chinese", "负责角色名称（中文）"),
        "owner_en": column("string", "the role's name, English", "负责角色名称（英文）"),
        "small_n": column("boolean", "too few respondents for a firm figure (metrics.small_n)", "样本偏少，仅供参考"),
    },
)

STRENGTH = TableContract(
    name="fact_strength",
    title="Strengths",
    title_zh="优势",
    grain="one row per journey stage and touchpoint that feedback speaks of",
    grain_zh="每行一个被反馈提及的阶段与触点组合",
    key=("stage", "touchpoint"),
    columns={
        **_CELL,
        "rank": column(
            "integer",
            "1 = most praised",
            "名次，1 为最受好评",
            low=1,
            null=("too little praise to rank", "好评过少，不排名"),
        ),
        "score": column("number", "100 x reach x favour x reliability", "得分：100×触及面×好评度×可靠度", low=0),
        **_bounded("reach", "share of respondents who praise it", "触及面：给予好评的受访者占比", low=0),
        "favour": column(
            "number", "positive share of its polar units", "好评度：正面占正负面观点的比例", low=0, high=1
        ),
        "reliability": column("number", "how sure the figures are", "可靠度", low=0, high=1),
        **_counts("positive", "正面"),
        **_bounded("positive_share", "share of units here that are positive", "正面观点占比", low=0),
        "small_n": column("boolean", "too few respondents for a firm figure (metrics.small_n)", "样本偏少，仅供参考"),
    },
)

ACTION_EVIDENCE = TableContract(
    name="fact_action_evidence",
    title="Evidence for actions",
    title_zh="行动证据",
    grain="one row per quoted opinion unit of a ranked action",
    grain_zh="每行一条为行动引用的观点单元",
    key=("stage", "touchpoint", "evidence_rank"),
    columns={
        "stage": column("string", "journey stage of the action", "行动的旅程阶段", label_of="stage"),
        "touchpoint": column("string", "touchpoint of the action", "行动的触点", label_of="touchpoint"),
        "evidence_rank": column("integer", "1 = most representative", "证据序号，1 最具代表性", low=1),
        "feedback_key": column("string", "feedback quoted", "引用的反馈"),
        "unit_index": column("integer", "unit quoted", "引用的观点单元序号", low=0),
        "external_id": column(
            "string",
            "id in the source, masked",
            "来源系统编号（已脱敏）",
            null=("the source gives none", "来源未提供"),
            private=True,
        ),
        "occurred_date": column(
            "date", "day of the feedback", "反馈日期", null=("the source gives none", "来源未提供")
        ),
        "channel": column("string", "channel of the feedback", "渠道", null=("the source gives none", "来源未提供")),
        "text": column("string", "the unit's text, masked", "观点单元文本（已脱敏）", private=True),
        "context": column("string", "the whole feedback, masked", "整条反馈（已脱敏）", private=True),
        "language": column("string", "language of the feedback", "反馈语言", values=("zh", "en", "mixed")),
        "sentiment_score": column("number", "model probability of the sentiment", "情感标签的概率", low=0, high=1),
    },
    references={
        ("stage", "touchpoint"): "fact_action_priority",
        ("feedback_key", "unit_index"): "fact_opinion_unit",
    },
)
