"""Charts as SVG (matplotlib), drawn from the chart data of the content model.

Text stays text, so that the reader's own fonts show Chinese. The same data gives the same bytes. Colours keep apart for
colour-blind readers and in grey print (dark against light), and each is a CSS variable with a fixed fallback, so that a
page can restyle them for dark mode.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import east_asian_width
from xml.sax.saxutils import escape

from pipeline.report.content import (
    Chart,
    Figure,
    RankChart,
    ReportContent,
    SharesChart,
    TrendChart,
    TrendPanel,
    Week,
    charts_of,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

WIDTH = 440
"""Units (CSS pixels at natural size): narrow enough to stay readable when a phone scales it to 360."""
MARGIN = 20.0
FONT, SMALL_FONT = 12.5, 11.0
BOLD = 1.08
"""How much wider bold words are."""
COLOURS = {
    "ink": "#1c2530",
    "muted": "#5b6673",
    "grid": "#d5dae0",
    "track": "#eef1f4",
    "paper": "#fefefe",
    "negative": "#9c3805",
    "positive": "#85b7e0",
    "line": "#1f5f99",
}
INK, MUTED, GRID, TRACK, PAPER, NEGATIVE, POSITIVE, LINE = COLOURS.values()
FONT_FAMILY = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', sans-serif"
)


class Frame(NamedTuple):
    """A drawing area inside the canvas, in units from the top left."""

    left: float
    top: float
    width: float
    height: float


def draw(content: ReportContent) -> dict[str, str]:
    """Every chart of a report as SVG, by its id."""
    return {chart.id: svg(chart) for chart in charts_of(content)}


def svg(chart: Chart) -> str:
    """The chart as an `<svg>` element with a title and a description; ids in it begin with the chart's."""
    salt = f"chart-{chart.id}"
    with _style(salt):
        match chart:
            case SharesChart():
                canvas = _shares(chart)
            case RankChart():
                canvas = _ranks(chart)
            case TrendChart():
                canvas = _trend(chart)
        return _finish(canvas, chart, salt)


@contextmanager
def _style(salt: str) -> Iterator[None]:
    import matplotlib as mpl

    options: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "font.family": "DejaVu Sans",
        "font.size": FONT,
        "text.color": INK,
        "axes.edgecolor": GRID,
        "xtick.color": GRID,
        "xtick.labelcolor": MUTED,
        "ytick.color": GRID,
        "ytick.labelcolor": MUTED,
        "xtick.labelsize": SMALL_FONT,
        "ytick.labelsize": SMALL_FONT,
        "axes.unicode_minus": True,
    }
    with mpl.rc_context(options), warnings.catch_warnings():
        # The bundled font is only used to measure; what it lacks is drawn with the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        yield


def _canvas(height: float) -> Canvas:
    from matplotlib.figure import Figure as MplFigure

    return MplFigure(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor="none")


def _axes(canvas: Canvas, frame: Frame) -> Any:
    height = canvas.get_figheight() * 72
    bottom = height - frame.top - frame.height
    axes = canvas.add_axes(
        (frame.left / WIDTH, bottom / height, frame.width / WIDTH, frame.height / height), facecolor="none"
    )
    for side in axes.spines.values():
        side.set_visible(False)
    axes.tick_params(length=0)
    return axes


def _write(canvas: Canvas, x: float, y: float, text: str, **options: Any) -> None:
    """Text at (x, y) in units from the top left; y is the middle of the line."""
    height = canvas.get_figheight() * 72
    options = {"va": "center_baseline", "fontsize": FONT, "parse_math": False, **options}
    canvas.text(x / WIDTH, 1 - y / height, text, **options)


def _title_line(canvas: Canvas, margin: float, y: float, label: str, value: str) -> None:
    """The line above a row's drawing: its name at the left, its value at the right; a long name gives way."""
    space = WIDTH - 2 * margin - text_width(value, SMALL_FONT) - 12
    _write(canvas, margin, y, fit(label, space, FONT * BOLD), fontweight="bold")
    _write(canvas, WIDTH - margin, y, value, ha="right", color=MUTED, fontsize=SMALL_FONT)


# Bars of negative and positive shares

ROW, BAR = 44, 13


def _shares(chart: SharesChart) -> Canvas:
    negative, positive, net = chart.legend
    keys = [
        (negative, {"marker": "s", "color": NEGATIVE, "markersize": 9}),
        (positive, {"marker": "s", "color": POSITIVE, "markersize": 9}),
        (net, {"marker": "o", "color": INK, "markersize": 7}),
    ]
    places, top = _flow([word for word, _ in keys])
    rows = len(chart.rows)
    canvas = _canvas(top + rows * ROW + 26)
    _legend(canvas, keys, places, 0)
    axes = _axes(canvas, Frame(MARGIN, top, WIDTH - 2 * MARGIN, rows * ROW))
    axes.set_xlim(-1, 1)
    axes.set_ylim(rows * ROW, 0)
    axes.set_yticks([])
    axes.set_xticks([-1, -0.5, 0, 0.5, 1], ["100%", "50%", "0", "50%", "100%"])
    for index, row in enumerate(chart.rows):
        middle = index * ROW + 31
        axes.barh(middle, 2, left=-1, height=BAR, color=TRACK)
        axes.barh(middle, -row.negative.value, height=BAR, color=NEGATIVE)
        axes.barh(middle, row.positive.value, height=BAR, color=POSITIVE)
        axes.plot([0, 0], [middle - 10, middle + 10], color=MUTED, linewidth=1)
        _point(axes, row.net, middle)
        _title_line(canvas, MARGIN, top + index * ROW + 14, row.label, row.value)
    return canvas


def _flow(words: Sequence[str]) -> tuple[list[tuple[float, float]], float]:
    """Where the keys of a legend stand (left, middle), in as many lines as they need, and the height of it all."""
    places: list[tuple[float, float]] = []
    x, y = MARGIN, 10.0
    for word in words:
        needed = 15 + text_width(word, SMALL_FONT)
        if places and x + needed > WIDTH - MARGIN:
            x, y = MARGIN, y + 18
        places.append((x, y))
        x += needed + 16
    return places, y + 16


def _legend(
    canvas: Canvas, keys: Sequence[tuple[str, dict[str, Any]]], places: Sequence[tuple[float, float]], top: float
) -> None:
    for (word, look), (x, y) in zip(keys, places, strict=True):
        _mark(canvas, x + 5, top + y, **look)
        _write(canvas, x + 15, top + y, word, color=MUTED, fontsize=SMALL_FONT)


def _mark(canvas: Canvas, x: float, y: float, **options: Any) -> None:
    from matplotlib.lines import Line2D

    height = canvas.get_figheight() * 72
    options = {"markeredgewidth": 0, "linestyle": "none", **options}
    span = [x - 6, x + 6] if options["linestyle"] != "none" else [x]
    canvas.add_artist(Line2D([at / WIDTH for at in span], [1 - y / height] * len(span), **options))


def _point(axes: Any, figure: Figure, y: float) -> None:
    """A value with its interval; hollow where it rests on few comments; a pale rim keeps it visible on bars."""
    if figure.low is not None and figure.high is not None:
        for colour, width in ((PAPER, 4.5), (INK, 1.8)):
            axes.plot([figure.low, figure.high], [y, y], color=colour, linewidth=width, solid_capstyle="butt")
    axes.plot([figure.value], [y], "o", color=PAPER, markersize=11, markeredgewidth=0)
    face = PAPER if figure.small else INK
    axes.plot([figure.value], [y], "o", markerfacecolor=face, markeredgecolor=INK, markersize=7.5, markeredgewidth=1.8)


# Ranks with their intervals

RANK_ROW, MAX_TICKS = 40, 14


def _ranks(chart: RankChart) -> Canvas:
    rows = len(chart.rows)
    canvas = _canvas(rows * RANK_ROW + 46)
    axes = _axes(canvas, Frame(MARGIN, 0, WIDTH - 2 * MARGIN, rows * RANK_ROW))
    last = int(max(max(row.rank.value, row.rank.high or 0) for row in chart.rows))
    axes.set_xlim(0.5, last + 0.5)
    axes.set_ylim(rows * RANK_ROW, 0)
    axes.set_yticks([])
    axes.set_xticks(range(1, last + 1) if last <= MAX_TICKS else [1, *range(5, last + 1, 5)])
    for index, row in enumerate(chart.rows):
        middle = index * RANK_ROW + 29
        axes.barh(middle, last, left=0.5, height=BAR, color=TRACK)
        _point(axes, replace(row.rank, small=row.small), middle)
        _title_line(canvas, MARGIN, index * RANK_ROW + 12, row.label, row.value)
    _write(canvas, WIDTH / 2, rows * RANK_ROW + 34, chart.axis, ha="center", color=MUTED, fontsize=SMALL_FONT)
    return canvas


# Weekly lines

PANEL, PANEL_TOP, PANEL_BOTTOM = 118, 26, 34


def _trend(chart: TrendChart) -> Canvas:
    full, partial, baseline = chart.legend
    point = {"marker": "o", "markersize": 6, "markeredgecolor": LINE, "markeredgewidth": 1.6}
    keys = [
        (full, {**point, "markerfacecolor": LINE}),
        (partial, {**point, "markerfacecolor": PAPER}),
        (baseline, {"linestyle": (0, (3, 2)), "color": MUTED, "linewidth": 1.4}),
    ]
    places, legend = _flow([word for word, _ in keys])
    step = PANEL_TOP + PANEL + PANEL_BOTTOM
    canvas = _canvas(len(chart.panels) * step + legend)
    for index, panel in enumerate(chart.panels):
        _write(canvas, MARGIN, index * step + 10, fit(panel.label, WIDTH - 2 * MARGIN, FONT * BOLD), fontweight="bold")
        left = MARGIN + 36
        _panel(_axes(canvas, Frame(left, index * step + PANEL_TOP, WIDTH - left - 8, PANEL)), panel)
    _legend(canvas, keys, places, len(chart.panels) * step)
    return canvas


def _panel(axes: Any, panel: TrendPanel) -> None:
    known = [(index, week, week.figure) for index, week in enumerate(panel.weeks) if week.figure is not None]
    axes.set_xlim(-0.5, len(panel.weeks) - 0.5)
    low, high, ticks = _span([figure for _, _, figure in known] + [panel.baseline], panel.unit)
    axes.set_ylim(low, high)
    labels = [f"{tick * 100:.0f}%" if panel.unit == "share" else _signed(tick) for tick in ticks]
    axes.set_yticks(ticks, labels)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    shown = _weeks_shown(panel.weeks)
    axes.set_xticks(shown, [panel.weeks[index].label for index in shown])
    axes.axhline(panel.baseline.value, color=MUTED, linewidth=1.4, dashes=(3, 2))
    for run in runs([index for index, _, _ in known]):
        values = [figure.value for index, _, figure in known if index in run]
        axes.plot(run, values, color=LINE, linewidth=1.8)
    for index, week, figure in known:
        if figure.low is not None and figure.high is not None:
            axes.plot([index, index], [figure.low, figure.high], color=LINE, linewidth=1.0)
        sure = week.complete and not figure.small
        face = LINE if sure else PAPER
        axes.plot(
            [index], [figure.value], "o", markerfacecolor=face, markeredgecolor=LINE, markersize=6, markeredgewidth=1.6
        )


def runs(indices: Sequence[int]) -> list[list[int]]:
    """Stretches of weeks that follow each other: a line does not bridge weeks without data."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return runs


def _span(figures: Sequence[Figure], unit: str) -> tuple[float, float, list[float]]:
    """The axis: its ends and its ticks, in steps of 25 points (50 where the range is wide)."""
    ends = [end for figure in figures for end in (figure.value, figure.low, figure.high) if end is not None]
    step = 0.25
    low = 0.0 if unit == "share" else max(-1.0, step * (min(ends) // step))
    high = min(1.0, step * -(-max(*ends, low + step) // step))
    if high - low > 1:
        step = 0.5
    ticks = [tick * 0.25 for tick in range(-4, 5) if low <= tick * 0.25 <= high and (tick * 0.25) % step == 0]
    margin = (high - low) * 0.05
    return low - margin, high + margin, ticks


def _signed(value: float) -> str:
    return f"{value * 100:+.0f}".replace("-", "\N{MINUS SIGN}") if value else "0"


def _weeks_shown(weeks: Sequence[Week]) -> list[int]:
    step = -(-len(weeks) // 8)
    return list(range(0, len(weeks), step))


# From matplotlib's output to an accessible element


def text_width(text: str, size: float) -> float:
    """An estimate of the width of a text in units: East Asian wide characters are square, others about half."""
    return sum(size if east_asian_width(char) in "WF" else size * 0.54 for char in text)


def fit(text: str, width: float, size: float) -> str:
    """The text, cut short with an ellipsis if it would be wider than `width` units."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _finish(canvas: Canvas, chart: Chart, salt: str) -> str:
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    FigureCanvasSVG(canvas).print_svg(buffer, metadata=nothing)  # type: ignore[no-untyped-call]
    drawing = buffer.getvalue()
    body = drawing[drawing.index("<g id=") :]
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # repeated in every chart, and nothing refers to them
    body = body.replace("font-family: 'DejaVu Sans'; ", "")  # the root's family counts
    for name, colour in COLOURS.items():
        body = body.replace(colour, f"var(--chart-{name}, {colour})")
    height = round(canvas.get_figheight() * 72)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'font-family="{FONT_FAMILY}" stroke-linejoin="round" aria-labelledby="{salt}-title {salt}-desc">\n'
        f'<title id="{salt}-title">{escape(chart.title)}</title>\n'
        f'<desc id="{salt}-desc">{escape(chart.alt)}</desc>\n{body}'
    )
