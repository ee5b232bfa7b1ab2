"""Contracts of the dimensions, the run history and the quarantine."""

from __future__ import annotations

from pipeline.records import QUARANTINE_REASONS
from pipeline.tables.contract import TableContract, column

TAXONOMY = TableContract(
    name="dim_taxonomy",
    title="Labels",
    title_zh="标签体系",
    grain="one row per label of the taxonomy",
    grain_zh="每行一个标签",
    key=("head", "label"),
    columns={
        "head": column(
            "string", "what the label says", "标签类别", values=("sentiment", "stage", "touchpoint", "intent")
        ),
        "label": column("string", "label id, used in the fact tables", "标签标识（用于事实表）"),
        "position": column("integer", "order to show labels in, from 0", "显示顺序，从 0 起", low=0),
        "name_zh": column("string", "name, Chinese", "中文名称"),
        "name_en": column("string", "name, English", "英文名称"),
        "taxonomy": column("string", "name of the taxonomy", "标签体系名称"),
        "taxonomy_version": column("string", "version of the taxonomy", "标签体系版本"),
    },
)

DATE = TableContract(
    name="dim_date",
    title="Days",
    title_zh="日期",
    grain="one row per day of every calendar year with dated feedback",
    grain_zh="有带日期反馈的每个自然年的每一天",
    key=("date",),
    columns={
        "date": column("date", "the day", "日期"),
        "iso_year": column("integer", "ISO 8601 year of its week", "ISO 8601 周所属年份"),
        "iso_week": column("integer", "ISO 8601 week", "ISO 8601 周数", low=1, high=53),
        "week": column("string", 'ISO week as in fact_metric_period, "2026-W40"', "ISO 周，如 2026-W40"),
        "month": column("string", 'month as in fact_metric_period, "2026-10"', "月份，如 2026-10"),
        "weekday": column("integer", "1 = Monday to 7 = Sunday", "星期，1 为周一，7 为周日", low=1, high=7),
    },
)

RUN = TableContract(
    name="dim_run",
    title="Runs",
    title_zh="运行记录",
    grain="one row per published run, the latest being this snapshot's",
    grain_zh="每行一次已发布的运行，最新一行即本快照",
    key=("run_id",),
    columns={
        "run_id": column("string", "id of the run and of its snapshot; ids sort by age", "运行与快照标识，按先后排序"),
        "published_at": column("timestamp", "when it was published (UTC)", "发布时间（UTC）"),
        "config_hash": column("string", "hash of the configuration", "配置哈希"),
        "model_id": column("string", "model that made the labels", "标注模型"),
        "taxonomy": column("string", "name of the taxonomy", "标签体系名称"),
        "taxonomy_version": column("string", "version of the taxonomy", "标签体系版本"),
        "code_version": column("string", "version of cx-insight", "cx-insight 版本"),
        "analysis_key": column(
            "string",
            "hash of what decides the labels: model and taxonomy",
            "决定标注结果的模型与标签体系之哈希",
        ),
        "schema_version": column("string", "version of these tables", "表结构版本"),
        "timezone": column("string", "time zone of all dates and periods", "日期与时期所用时区"),
        "since": column("date", "first day published", "发布范围首日", null=("from the first", "不限")),
        "until": column("date", "last day published", "发布范围末日", null=("to the last", "不限")),
        "input_digests": column("string", "input files and their digests: a JSON object", "输入文件及摘要，JSON 对象"),
        "rows": column(
            "integer",
            "rows read (by cxi forget: removed): the sum of the next six",
            "读入（cxi forget 则为删除）行数，等于后六项之和",
            low=0,
        ),
        "new": column("integer", "feedbacks not known before", "新增", low=0),
        "updated": column("integer", "feedbacks whose content changed", "更新", low=0),
        "unchanged": column("integer", "feedbacks known with the same content", "未变", low=0),
        "duplicates": column("integer", "repetitions and outdated versions, counted once", "重复或过时版本", low=0),
        "forgotten": column(
            "integer",
            "rows of a feedback or customer that cxi forget has removed: never stored again",
            "属于已被 cxi forget 删除的反馈或客户，不再入库",
            low=0,
            before=0,
        ),
        "quarantined": column("integer", "rows set aside", "隔离", low=0),
        "scores_refused": column(
            "string",
            "score cells left empty because they are no score of their scale, per file and column: a JSON object",
            "因不在量表内而留空的分值数，按文件与列，JSON 对象",
            before="{}",
        ),
        "n_feedback": column("integer", "feedbacks in this snapshot", "快照中的反馈数", low=0),
        "n_units": column("integer", "opinion units in this snapshot", "快照中的观点单元数", low=0),
        "languages": column("string", "feedbacks per language: a JSON object", "各语言反馈数，JSON 对象"),
        "masked": column(
            "string", "masked pieces of personal data per kind: a JSON object", "各类已脱敏信息数，JSON 对象"
        ),
    },
)

QUARANTINE = TableContract(
    name="quarantine",
    title="Rows set aside",
    title_zh="隔离行",
    grain="one row per problem of an input row, as of the latest run over its file",
    grain_zh="每行一个输入行的问题，以该文件最近一次运行为准",
    key=("file", "sheet", "row", "column", "reason", "occurrence"),
    columns={
        "file": column("string", "file, as a path below its source's directory", "文件：在来源目录下的路径"),
        "sheet": column("string", "sheet of a workbook, else empty", "工作表，非工作簿为空"),
        "row": column(
            "integer",
            "row as a spreadsheet numbers it; 0 = the whole file",
            "行号（与电子表格一致）；0 表示整个文件",
            low=0,
        ),
        "column": column("string", "column at fault, empty where the row is", "出错的列，整行出错为空"),
        "reason": column("string", "why; see docs/input.md", "原因", values=tuple(QUARANTINE_REASONS)),
        "occurrence": column(
            "integer",
            "1; counts on where files of one name were read together, or where rows of a database that were read in"
            " several runs bear one number",
            "通常为 1；同名文件一同读入、或数据库中不同批次读入的行行号相同时递增",
            low=1,
        ),
        "detail": column("string", "the facts, masked", "详情（已脱敏）", private=True),
        "preview": column("string", "start of the text, masked", "文本开头（已脱敏）", private=True),
    },
)
