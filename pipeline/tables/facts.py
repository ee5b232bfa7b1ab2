"""Contracts of the fact tables that come straight from the store: feedbacks and opinion units."""

from __future__ import annotations

from pandera.pandas import Column

from pipeline.tables.contract import Null, TableContract, column

NOT_GIVEN: Null = ("the source gives none", "来源未提供")
NO_SCORE: Null = ("no such score in this row", "该行没有此分值")
NO_PROBABILITY: Null = ("the model gives no such probability", "模型不提供该概率")
SENTIMENTS = ("positive", "negative", "neutral")
LANGUAGES = ("zh", "en", "mixed", "other")


def _score(name: str, zh: str) -> dict[str, Column]:
    key = name.lower()
    return {
        key: column("number", f"{name} as given, on its own scale", f"{zh}（原值）", null=NO_SCORE),
        f"{key}_low": column("number", f"lowest point of the {name} scale", f"{zh}量表下限", null=NO_SCORE),
        f"{key}_high": column("number", f"highest point of the {name} scale", f"{zh}量表上限", null=NO_SCORE),
    }


def _label(head: str, zh: str) -> dict[str, Column]:
    return {
        head: column("string", f"{head}: label id, named in dim_taxonomy", f"{zh}标签", label_of=head),
        f"{head}_score": column("number", f"model probability of the {head} label", f"{zh}标签的概率", low=0, high=1),
    }


FEEDBACK = TableContract(
    name="fact_feedback",
    title="Feedbacks",
    title_zh="反馈",
    grain="one row per feedback: one answer of one customer at one time, in its latest version",
    grain_zh="每行一条反馈（一位客户的一次回答，取最新版本）",
    key=("feedback_key",),
    columns={
        "feedback_key": column(
            "string", "identity over runs (keyed hash of source and id)", "跨运行的唯一标识（带密钥的哈希）"
        ),
        "external_id": column(
            "string", "id in the source, masked", "来源系统编号（已脱敏）", null=NOT_GIVEN, private=True
        ),
        "source": column("string", "name of the source", "来源名称"),
        "respondent_key": column(
            "string",
            "who answered (keyed hash): the customer where known, else the row; intervals cluster by it",
            "受访者（带密钥的哈希）：有客户编号按客户，否则按行；区间估计按其聚类",
        ),
        "customer_key": column("string", "customer (keyed hash)", "客户（带密钥的哈希）", null=NOT_GIVEN),
        "question": column(
            "string",
            "the survey question answered",
            "所回答的问卷题目",
            null=("not a survey answer", "不是问卷回答"),
        ),
        "text": column("string", "the feedback, personal data masked", "反馈原文（个人信息已脱敏）", private=True),
        "language": column(
            "string",
            "language found; other = left unclassified",
            "识别的语言；other 不参与分类",
            values=LANGUAGES,
        ),
        "occurred_at": column("timestamp", "when it was given (UTC)", "反馈时间（UTC）", null=NOT_GIVEN),
        "occurred_date": column(
            "date",
            "its day in the time zone of dim_run.timezone",
            "反馈日期（按 dim_run.timezone 时区）",
            null=NOT_GIVEN,
        ),
        "channel": column("string", "channel it came through, as given", "渠道（原值）", null=NOT_GIVEN),
        "product": column("string", "product or service it is about, as given", "产品或服务（原值）", null=NOT_GIVEN),
        "region": column("string", "region, as given", "地区（原值）", null=NOT_GIVEN),
        **_score("rating", "评分"),
        "nps": column("number", "likelihood to recommend, 0 to 10", "推荐意愿（0–10）", null=NO_SCORE),
        **_score("CSAT", "满意度"),
        **_score("CES", "费力度"),
        "ces_higher_is_better": column(
            "boolean", "true where a high CES means little effort", "为真表示分值越高越省力", null=NO_SCORE
        ),
        "sentiment": column(
            "string",
            "whole feedback: mixed where positive and negative units occur, neutral where neither does",
            "整条反馈的情感：正负观点并存为 mixed，均无为 neutral",
            values=(*SENTIMENTS, "mixed"),
            null=("no opinion unit, or not classified", "没有观点单元或未分类"),
        ),
        "n_units": column("integer", "opinion units found in it", "观点单元数", low=0),
        "classified": column("boolean", "the model has read it", "是否已由模型分类"),
        "masked_count": column(
            "integer", "pieces of personal data masked in the text", "文本中已脱敏的个人信息数", low=0
        ),
        "attributes": column(
            "string",
            "further columns kept as given (masked): a JSON object",
            "保留的其他列（已脱敏），JSON 对象",
            null=("none configured", "未配置"),
            private=True,
        ),
    },
)

OPINION_UNIT = TableContract(
    name="fact_opinion_unit",
    title="Opinion units",
    title_zh="观点单元",
    grain="one row per opinion unit: one evaluation, fact, wish or question inside a feedback",
    grain_zh="每行一个观点单元（反馈中的一个评价、事实、愿望或问题）",
    key=("feedback_key", "unit_index"),
    columns={
        "feedback_key": column("string", "the feedback it stands in", "所属反馈"),
        "unit_index": column("integer", "its number in the feedback, from 0", "在反馈中的序号，从 0 起", low=0),
        "start": column(
            "integer",
            "first character in fact_feedback.text, from 0",
            "在 fact_feedback.text 中的起始字符，从 0 起",
            low=0,
        ),
        "end": column("integer", "character after the last", "结束字符之后的位置", low=1),
        "text": column("string", "the unit's text, masked", "观点单元文本（已脱敏）", private=True),
        **_label("sentiment", "情感"),
        "p_positive": column("number", "probability of positive", "正面概率", low=0, high=1, null=NO_PROBABILITY),
        "p_negative": column("number", "probability of negative", "负面概率", low=0, high=1, null=NO_PROBABILITY),
        "p_neutral": column("number", "probability of neutral", "中性概率", low=0, high=1, null=NO_PROBABILITY),
        **_label("stage", "旅程阶段"),
        **_label("touchpoint", "触点"),
        **_label("intent", "意图"),
        "low_confidence": column(
            "boolean",
            "unclear: sentiment, stage and touchpoint are all right with less than the configured probability "
            "(model.low_confidence)",
            "存疑：情感、阶段、触点全部判对的概率低于设定值（model.low_confidence）",
            before=False,
        ),
    },
    references={("feedback_key",): "fact_feedback"},
)
