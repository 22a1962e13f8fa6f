"""Charts as SVG, drawn without a library."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 76, 230, 46, 54
OURS = "#c2410c"
LIMIT = "#111827"
# Distinguishable with a red-green colour deficiency.
OTHERS = ("#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#b8860b", "#7a5195", "#6b7280", "#8c564b")
STYLE = (
    "<style>text{font:13px system-ui,sans-serif;fill:#374151}.t{font-size:15px;font-weight:600}"
    ".b{font-weight:600}.g{stroke:#e5e7eb}.a{stroke:#9ca3af}</style>"
)
LABEL_GAP = 16


@dataclass(frozen=True)
class Series:
    """A line or a bar: ``(x, y)`` points, and the range of each if there were several rounds.

    ``main``: the subject of the chart; ``limit``: a bound that cannot be exceeded.
    """

    label: str
    points: Sequence[tuple[float, float]]
    ranges: Sequence[tuple[float, float]] = ()
    main: bool = False
    limit: bool = False


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float
    log: bool = False
    ticks: Sequence[float] = field(default=())

    def at(self, value: float) -> float:
        low, high, value = (
            (math.log10(v) for v in (self.low, self.high, max(value, self.low)))
            if self.log
            else (self.low, self.high, value)
        )
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def line_chart(
    path: Path,
    *,
    title: str,
    x: str,
    y: str,
    series: Sequence[Series],
    log_x: bool = False,
    log_y: bool = False,
) -> None:
    """Draw a line for each series, with its label at its end."""
    xs = [px for one in series for px, _ in one.points]
    ys = [py for one in series for py in (*(p[1] for p in one.points), *_flat(one.ranges))]
    across = _axis(min(xs), max(xs), LEFT, WIDTH - RIGHT, log=log_x, exact=True)
    up = _axis(min(ys) if log_y else 0, max(ys), HEIGHT - BOTTOM, TOP, log=log_y)
    parts = [_frame(title, x, y, across, up)]
    ends = []
    for one, colour in _coloured(series):
        line = " ".join(f"{across.at(px):.1f},{up.at(py):.1f}" for px, py in one.points)
        width, dash = ("3.5" if one.main else "2"), (' stroke-dasharray="7 4"' if one.limit else "")
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="{width}"{dash} '
            f'points="{line}"/>'
        )
        for (px, _), (low, high) in zip(one.points, one.ranges, strict=False):
            at = across.at(px)
            parts.append(
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{up.at(low):.1f}" y2="{up.at(high):.1f}" '
                f'stroke="{colour}" stroke-width="1.2"/>'
            )
        ends.append((up.at(one.points[-1][1]), one, colour))
    for at, one, colour in _spaced(ends):
        weight = ' class="b"' if one.main else ""
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{at + 4:.1f}" style="fill:{colour}"{weight}>'
            f"{escape(one.label)}</text>"
        )
    _write(path, HEIGHT, parts)


def bar_chart(path: Path, *, title: str, x: str, series: Sequence[Series]) -> None:
    """Draw a bar for each series' first point, longest first, with its range as a whisker."""
    height = TOP + BOTTOM + 30 * len(series)
    high = max(v for one in series for v in (one.points[0][1], *_flat(one.ranges)))
    along = _axis(0, high, RIGHT, WIDTH - LEFT)
    parts = [f'<text class="t" x="12" y="24">{escape(title)}</text>']
    for tick in along.ticks:
        at = along.at(tick)
        parts.append(
            f'<line class="g" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>'
        )
        parts.append(_text(at, height - BOTTOM + 20, _short(tick), "middle"))
    parts.append(_text((RIGHT + WIDTH - LEFT) / 2, height - 12, x, "middle"))
    longest_first = sorted(_coloured(series), key=lambda pair: -pair[0].points[0][1])
    for place, (one, colour) in enumerate(longest_first):
        top, end = TOP + 30 * place + 5, along.at(one.points[0][1])
        parts.append(_text(RIGHT - 8, top + 14, one.label, "end", bold=one.main))
        parts.append(
            f'<rect x="{RIGHT}" y="{top}" width="{end - RIGHT:.1f}" height="20" fill="{colour}" '
            f'fill-opacity="{1 if one.main or one.limit else 0.55}"/>'
        )
        for low, most in one.ranges[:1]:
            parts.append(
                f'<line x1="{along.at(low):.1f}" x2="{along.at(most):.1f}" y1="{top + 10}" '
                f'y2="{top + 10}" stroke="#111827" stroke-width="1.4"/>'
            )
            end = max(end, along.at(most))
        parts.append(_text(end + 6, top + 14, _short(one.points[0][1]), "start"))
    _write(path, height, parts)


def _axis(
    low: float, high: float, start: float, end: float, *, log: bool = False, exact: bool = False
) -> _Axis:
    if log:
        if low == high:
            low, high = low / 2, high * 2
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        nice = [m * 10.0**p for p in powers for m in (1, 2, 5)]
        if not exact:
            low = max(n for n in nice if n <= low * 1.0001)
            high = min((n for n in nice if n >= high * 0.9999), default=high)
        return _Axis(low, high, start, end, True, [n for n in nice if low <= n <= high])
    step = next(s for s in _steps(high) if s * 6 >= high)
    top = high if exact else math.ceil(high / step) * step
    ticks = [step * i for i in range(int(top / step + 0.0001) + 1)]
    return _Axis(0, top, start, end, False, ticks)


def _steps(high: float) -> list[float]:
    power = 10.0 ** (math.floor(math.log10(high)) - 1)
    return [m * power for m in (1, 2, 5, 10, 20, 50, 100)]


def _frame(title: str, x: str, y: str, across: _Axis, up: _Axis) -> str:
    parts = [f'<text class="t" x="12" y="24">{escape(title)}</text>']
    for tick in up.ticks:
        at = up.at(tick)
        parts.append(
            f'<line class="g" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>'
        )
        parts.append(_text(LEFT - 8, at + 4, _short(tick), "end"))
    for tick in across.ticks:
        at = across.at(tick)
        parts.append(
            f'<line class="a" x1="{at:.1f}" x2="{at:.1f}" y1="{HEIGHT - BOTTOM}" '
            f'y2="{HEIGHT - BOTTOM + 5}"/>'
        )
        parts.append(_text(at, HEIGHT - BOTTOM + 21, _short(tick), "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text text-anchor="middle" transform="translate(18 {middle:.0f}) rotate(-90)">'
        f"{escape(y)}</text>"
    )
    return "".join(parts)


def _spaced(ends: Sequence[tuple[float, Series, str]]) -> list[tuple[float, Series, str]]:
    """Move overlapping labels apart."""
    placed: list[tuple[float, Series, str]] = []
    for at, one, colour in sorted(ends, key=lambda end: end[0]):
        free = placed[-1][0] + LABEL_GAP if placed else at
        placed.append((max(at, free), one, colour))
    over = placed[-1][0] - (HEIGHT - BOTTOM) if placed else 0
    if over <= 0:
        return placed
    moved: list[tuple[float, Series, str]] = []
    for at, one, colour in reversed(placed):
        free = moved[-1][0] - LABEL_GAP if moved else HEIGHT - BOTTOM
        moved.append((min(at, free), one, colour))
    return moved


def _coloured(series: Sequence[Series]) -> list[tuple[Series, str]]:
    others = iter(OTHERS * (1 + len(series) // len(OTHERS)))
    return [(s, OURS if s.main else LIMIT if s.limit else next(others)) for s in series]


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    style = ' class="b"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M" if value % 1e5 == 0 else f"{value / 1e6:.2f} M"
    if value >= 1e3:
        return f"{value / 1e3:g} k" if value % 100 == 0 else f"{value / 1e3:.0f} k"
    return f"{value:g}" if value < 10 or value == int(value) else f"{value:.0f}"


def _flat(ranges: Sequence[tuple[float, float]]) -> list[float]:
    return [value for pair in ranges for value in pair]


def _write(path: Path, height: float, parts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">{STYLE}'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
