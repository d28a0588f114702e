"""Lines and bars as SVG, by hand: a report that anyone can make needs no plotting library."""
import math
from xml.sax.saxutils import escape

COLOURS = ("#0b5fa5", "#d1495b", "#2e8b57", "#edae49", "#6a4c93", "#00798c", "#8d6346", "#555555", "#c05299", "#7a9e00")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 400, 70, 40, 190, 55


def text(x, y, words, anchor="start", size=12, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" {extra}>{escape(str(words))}</text>'


def frame(title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" fill="#222">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
            + text(LEFT, 22, title, size=15) + "\n" + "\n".join(parts) + "\n</svg>\n")


def number(x):
    return f"{x / 1e6:g}M" if x >= 1e6 else f"{x / 1e3:g}k" if x >= 1e4 else f"{x:g}"


class Axis:
    def __init__(self, values, begin, end, logarithmic):
        self.log = logarithmic
        values = [v for v in values if not logarithmic or v > 0] or [0.1, 1]
        if logarithmic:
            self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
            self.high = max(self.high, self.low + 1)
            self.ticks = [10.0 ** e for e in range(self.low, self.high + 1)]
        else:
            self.low, top = min(0, min(values)), max(values) or 1
            step = 10 ** math.floor(math.log10(max(top - self.low, 1e-9) / 4))
            step = next(step * m for m in (1, 2, 5, 10) if step * m * 5 >= top - self.low)
            self.high = self.low + step * math.ceil((top - self.low) / step)
            self.ticks = [self.low + step * i for i in range(int(round((self.high - self.low) / step)) + 1)]
        self.begin, self.end = begin, end

    def at(self, value):
        value = (math.log10(value) if value > 0 else self.low) if self.log else value
        return self.begin + (self.end - self.begin) * (value - self.low) / ((self.high - self.low) or 1)


def lines(title, x_name, y_name, series, log_x=False, log_y=False):
    """series: {name: [(x, y), …]}."""
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    x = Axis([p[0] for points in series.values() for p in points], LEFT, WIDTH - RIGHT, log_x)
    y = Axis([p[1] for points in series.values() for p in points], HEIGHT - BOTTOM, TOP, log_y)
    parts = grid(x, y, x_name, y_name)
    for i, (name, points) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in points)}"/>')
        if len(points) <= 12:
            parts += [f'<circle cx="{x.at(a):.1f}" cy="{y.at(b):.1f}" r="3.5" fill="{colour}"/>' for a, b in points]
        parts += legend(i, name, colour)
    return frame(title, parts)


def bars(title, y_name, values, log_y=False):
    """values: {name: number}."""
    values = {name: v for name, v in values.items() if v}
    if not values:
        return None
    y = Axis(list(values.values()), HEIGHT - BOTTOM, TOP, log_y)
    step = (WIDTH - RIGHT - LEFT) / len(values)
    parts = grid(None, y, "", y_name)
    for i, (name, value) in enumerate(values.items()):
        colour, left, top = COLOURS[i % len(COLOURS)], LEFT + step * (i + 0.15), y.at(value)
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{step * 0.7:.1f}" height="{max(HEIGHT - BOTTOM - top, 0):.1f}" fill="{colour}"/>')
        parts.append(text(left + step * 0.35, top - 4, f"{value:.3g}", "middle", 11))
        parts += legend(i, name, colour)
    return frame(title, parts)


def grid(x, y, x_name, y_name):
    parts = []
    for tick in y.ticks:
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(tick):.1f}" y2="{y.at(tick):.1f}" stroke="#ddd"/>')
        parts.append(text(LEFT - 6, y.at(tick) + 4, number(tick), "end", 11))
    for tick in x.ticks if x else []:
        parts.append(f'<line y1="{TOP}" y2="{HEIGHT - BOTTOM}" x1="{x.at(tick):.1f}" x2="{x.at(tick):.1f}" stroke="#eee"/>')
        parts.append(text(x.at(tick), HEIGHT - BOTTOM + 16, number(tick), "middle", 11))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_name, "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(text(16, middle, y_name, "middle", extra=f'transform="rotate(-90 16 {middle:.1f})"'))
    return parts


def legend(i, name, colour):
    top = TOP + 8 + 20 * i
    return [f'<rect x="{WIDTH - RIGHT + 14}" y="{top - 9}" width="12" height="12" fill="{colour}"/>', text(WIDTH - RIGHT + 32, top + 1, name)]
