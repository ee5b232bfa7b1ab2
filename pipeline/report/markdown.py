"""The report as Markdown (CommonMark with tables), charts as SVG files beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape as escape_html
from unicodedata import category
from urllib.parse import quote as quote_url

from pipeline.report.content import (
    Action,
    Actions,
    Block,
    Bullets,
    Cell,
    Chart,
    Heading,
    Paragraph,
    Quote,
    ReportContent,
    Section,
    Table,
)
from pipeline.report.texts import Texts

ChartPath = Callable[[Chart], str]
"""The path of a chart's file, relative to the Markdown file."""


def render(content: ReportContent, *, chart_path: ChartPath, other: tuple[str, str] | None = None) -> str:
    """The whole report; `other` is (file, name) of the same report in the other language."""
    return "\n".join(_lines(content, chart_path, other)).rstrip() + "\n"


def _lines(content: ReportContent, chart_path: ChartPath, other: tuple[str, str] | None) -> Iterator[str]:
    yield f"# {escape(content.title)}"
    yield ""
    yield escape(content.subtitle) + (f" · [{escape(other[1])}]({other[0]})" if other else "")
    yield ""
    yield f"## {escape(content.summary_title)}"
    yield ""
    for item in content.summary:
        yield f"- **{escape(item.label)}** {escape(item.text)}"
    yield ""
    names = tuple(escape(key.label) for key in content.key_figures)
    values = tuple(
        _stacked(Cell(key.figure.text, key.figure.detail, small=key.figure.small), content)
        for key in content.key_figures
    )
    yield from _grid(names, (True,) * len(names), (values,))
    for section in content.sections:
        yield from _section(section, content, chart_path)
    yield "---"
    yield ""
    yield escape(content.footer)


def _section(section: Section, content: ReportContent, chart_path: ChartPath) -> Iterator[str]:
    yield f"## {section.number}. {escape(section.title)}"
    yield ""
    if section.basis:
        yield f"*{escape(section.basis)}*"
        yield ""
    for block in section.blocks:
        yield from _block(block, content, chart_path)


def _block(block: Block, content: ReportContent, chart_path: ChartPath) -> Iterator[str]:
    match block:
        case Paragraph():
            yield f"> {escape(block.text)}" if block.tone == "note" else escape(block.text)
            yield ""
        case Heading():
            yield f"### {escape(block.text)}"
            yield ""
        case Bullets():
            for item in block.items:
                yield f"- {escape(item.text)}"
            yield ""
        case Table():
            yield f"**{escape(block.caption)}**"
            yield ""
            rows = tuple(tuple(_stacked(cell, content) for cell in row) for row in block.rows)
            names = tuple(escape(column.label) for column in block.columns)
            yield from _grid(names, tuple(column.numeric for column in block.columns), rows)
        case Actions():
            for action in block.items:
                yield from _action(action, block, content)
        case _:
            yield f"![{escape(block.alt)}]({chart_path(block)})"
            yield ""


def _action(action: Action, words: Actions, content: ReportContent) -> Iterator[str]:
    t = Texts(content.language)
    title = f"{action.rank_word} · {action.title}"
    if action.small:
        title = t("with_detail", text=title, detail=content.small_word)
    yield f'### <a id="{escape_html(action.id)}"></a>{escape(title)}'
    yield ""
    yield "- " + t("labelled", label=f"**{escape(words.todo_word)}**", text=escape(action.action))
    yield "- " + t("labelled", label=f"**{escape(words.owner_word)}**", text=escape(action.owner))
    yield f"- {escape(action.why.text)}"
    if action.trend is not None:
        yield f"- {escape(action.trend.text)}"
    parts = t("note.separator").join(f"{name} {figure.text}" for name, figure in action.parts)
    score = t("with_detail", text=parts, detail=action.formula)
    yield "- " + t("labelled", label=f"**{escape(words.score_word)}**", text=escape(score))
    yield ""
    yield f"**{escape(action.evidence_word)}**"
    yield ""
    for quote in action.quotes:
        yield from _quote(quote, words)


def _quote(quote: Quote, words: Actions) -> Iterator[str]:
    """The opinion in bold within its comment; line breaks become spaces, so that the quotation stays one block."""
    start, end = _bold(quote)
    bold = f"**{_one_line(quote.text[start:end])}**" if start < end else ""
    line = _one_line(quote.before + quote.text[:start]) + bold + _one_line(quote.text[end:] + quote.after)
    yield f"> {_BLOCK_START.sub(_shield, line.strip())}"
    yield ">"
    about = f" · {escape(quote.about)}" if quote.about else ""
    yield f"> — {escape(words.id_word)} {escape(quote.feedback_id)}{about}"
    yield ""


def _bold(quote: Quote) -> tuple[int, int]:
    """Where the bold part of the opinion starts and ends.

    Where the comment goes on without a space, as in Chinese, the bold leaves out the opinion's outer punctuation:
    Markdown takes `**` between punctuation and a letter for two stars.
    """
    shown = [place for place, char in enumerate(quote.text) if _one_line(char) != " "]
    words = [place for place in shown if category(quote.text[place])[0] in "LMN"]
    starts = shown if _one_line(quote.before)[-1:] in ("", " ") else words
    ends = shown if _one_line(quote.after)[:1] in ("", " ") else words
    return (starts[0], ends[-1] + 1) if starts and ends else (0, 0)


def _stacked(cell: Cell, content: ReportContent) -> str:
    text = escape(cell.text)
    if cell.link:
        text = f"[{text}](#{quote_url(cell.link)})"
    if cell.detail:
        text = Texts(content.language)("with_detail", text=text, detail=escape(cell.detail))
    return text + (f" · {escape(content.small_word)}" if cell.small else "")


def _grid(names: tuple[str, ...], numeric: tuple[bool, ...], rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    yield "| " + " | ".join(names) + " |"
    yield "|" + "|".join("---:" if number else "---" for number in numeric) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


_SPECIAL = re.compile(r"([\\`*_\[\]|~$])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BLOCK_START = re.compile(r"^(\s*)([-+](?=[-+\s]|$)|[#>=]|\d+[.)](?=\s|$))", re.MULTILINE)


def escape(text: str) -> str:
    """Text that Markdown shows as it is: one line, no markup, no HTML."""
    return _BLOCK_START.sub(_shield, _one_line(text))


def _one_line(text: str) -> str:
    flat = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)
    flat = _ENTITY.sub("&amp;", flat).replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", flat)


def _shield(match: re.Match[str]) -> str:
    space, mark = match.groups()
    return f"{space}{mark[:-1]}\\{mark[-1]}"
