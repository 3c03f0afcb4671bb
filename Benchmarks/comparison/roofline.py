"""The roofline: operations per byte against operations per second, below what the machine can do.

Williams, Waterman, Patterson: Roofline, an insightful visual performance model (CACM 52, 2009).
"""

import math

from comparison import catalog, tables
from comparison.svg import COLOURS, FAINT, GRID, INK, Drawing, text_width

WIDTH, HEIGHT = 880, 560
LEFT, RIGHT, TOP, BOTTOM = 76, 200, 74, 60


class Axes:
    """Two logarithmic axes and where they lie on the sheet."""

    def __init__(self, x_range, y_range):
        self.x_range, self.y_range = x_range, y_range

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * _share(value, self.x_range)

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(value, self.y_range)


def _share(value, bounds):
    low, high = (math.log10(bound) for bound in bounds)
    return (math.log10(value) - low) / (high - low)


def draw(results, group, names, threads):
    """A drawing of a group of models, or None where limits or Apus's figures are missing."""
    roofs = _roofs(results, threads)
    points = _points(results, names, threads)
    if not roofs or not points:
        return None
    drawing = Drawing(WIDTH, HEIGHT, f"{group}: roofline")
    xs = [point["intensity"] for point in points]
    ys = [point["rate"] for point in points] + [rate for _, rate in roofs["arithmetic"]]
    axes = Axes((_decade(min(xs), down=True), _decade(max(xs))), (_decade(min(ys), down=True), _decade(max(ys))))
    _draw_frame(drawing, axes, group, threads, results)
    _draw_roofs(drawing, axes, roofs)
    _draw_points(drawing, axes, points, results)
    return drawing


def _decade(value, down=False):
    """The next 1, 2 or 5 times a power of ten beyond a value."""
    power = 10.0 ** math.floor(math.log10(value))
    steps = [power * step for step in (0.5, 1, 2, 5, 10, 20)]
    return max(s for s in steps if s < value * 0.95) if down else min(s for s in steps if s > value * 1.05)


def _roofs(results, threads):
    reading = next((results.limit(n, threads) for n in results.limit_names() if n.startswith("read")), None)
    int8 = [(n.removeprefix("int8 "), results.limit(n, threads)) for n in results.limit_names() if n.startswith("int8")]
    int8 = [(name, rate / 1e9) for name, rate in int8 if rate]
    return {"memory": reading / 1e9, "arithmetic": int8} if reading and int8 else None


def _points(results, names, threads):
    """Every model and test: the same operations per byte for all engines, as the weights say."""
    points = []
    for name in names:
        for test in tables.known_tests(results):
            if test.name == catalog.LOAD:
                continue
            figure = lambda key: results.median("Apus", name, test.name, threads, key)  # noqa: E731
            operations = figure("operations_per_token")
            if not operations:
                continue
            intensity = operations / (figure("weight_bytes_per_token") + figure("kv_bytes_per_token"))
            for index, engine in enumerate(results.engines()):
                value = results.median(engine, name, test.name, threads)
                if value:
                    label = results.data["models"][name]["label"]
                    points.append({
                        "intensity": intensity, "rate": operations * value / 1e9, "engine": index, "test": test,
                        "label": label,
                    })
    return points


def _draw_frame(drawing, axes, group, threads, results):
    drawing.text(LEFT, 30, f"{group}: what the machine allows", size=18, font_weight=600)
    machine = results.data["machine"]["cpu"]
    drawing.text(LEFT, 50, f"{tables.in_words(threads)}, {machine}; weights and KV cache read once a step", fill=FAINT)
    for value in _ticks(axes.x_range):
        x = axes.x(value)
        drawing.line(x, TOP, x, HEIGHT - BOTTOM)
        drawing.text(x, HEIGHT - BOTTOM + 18, f"{value:g}", size=11, anchor="middle", fill=FAINT)
    for value in _ticks(axes.y_range):
        y = axes.y(value)
        drawing.line(LEFT, y, WIDTH - RIGHT, y)
        drawing.text(LEFT - 8, y + 4, f"{value:g}", size=11, anchor="end", fill=FAINT)
    middle_y = (TOP + HEIGHT - BOTTOM) / 2
    drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 16, "operations per byte from memory", anchor="middle")
    drawing.text(22, middle_y, "Gop/s", anchor="middle", transform=f"rotate(-90 22 {middle_y:.0f})")


def _ticks(bounds):
    power = math.floor(math.log10(bounds[0]))
    values = [step * 10.0 ** p for p in range(power, power + 9) for step in (1, 2, 5)]
    return [value for value in values if bounds[0] * 0.999 <= value <= bounds[1] * 1.001]


def _draw_roofs(drawing, axes, roofs):
    """The slope of memory up to the highest roof; lower instruction paths as thinner lines."""
    bandwidth, best = roofs["memory"], max(rate for _, rate in roofs["arithmetic"])
    start = max(axes.x_range[0], axes.y_range[0] / bandwidth)
    corner = min(best / bandwidth, axes.x_range[1])
    points = [(axes.x(start), axes.y(start * bandwidth)), (axes.x(corner), axes.y(corner * bandwidth))]
    drawing.path(points, INK, 2)
    drawing.text(
        points[0][0] + 10, points[0][1] - 14, f"memory {bandwidth:.0f} GB/s", size=11,
        transform=f"rotate({_slope(points):.0f} {points[0][0] + 10:.0f} {points[0][1] - 14:.0f})",
    )
    last = None
    for name, rate in sorted(roofs["arithmetic"], key=lambda roof: -roof[1]):
        y = axes.y(rate)
        is_best = rate == best
        x = axes.x(max(min(rate / bandwidth, axes.x_range[1]), axes.x_range[0]))
        drawing.path([(x, y), (WIDTH - RIGHT, y)], INK if is_best else FAINT, 2 if is_best else 1)
        label_y = y + 4 if last is None else max(y + 4, last + 26)
        drawing.text(WIDTH - RIGHT + 8, label_y, f"{rate:.0f} Gop/s", size=11, fill=INK if is_best else FAINT)
        drawing.text(WIDTH - RIGHT + 8, label_y + 12, _shortened(name), size=9, fill=FAINT)
        last = label_y


def _shortened(name):
    """Instruction names take room; their common prefix says nothing here."""
    return name if text_width(name, 9) < RIGHT - 14 else name.replace("vpmaddubsw", "maddubs").replace(
        "vpmaddwd", "maddwd").replace("vpadd", "add")


def _slope(points):
    (x1, y1), (x2, y2) = points
    return math.degrees(math.atan2(y2 - y1, x2 - x1))


def _draw_points(drawing, axes, points, results):
    tests = list(dict.fromkeys(point["test"].name for point in points))
    places = [(axes.x(point["intensity"]), axes.y(point["rate"])) for point in points]
    taken = [(x - 7, y - 7, x + 7, y + 7) for x, y in places]
    for point, (x, y) in zip(points, places):
        _mark(drawing, x, y, tests.index(point["test"].name), COLOURS[point["engine"] % len(COLOURS)])
        if point["engine"] == 0:
            _label(drawing, x, y, point["label"], taken)
    x, y = WIDTH - RIGHT + 20, HEIGHT - BOTTOM - 18 * (len(tests) + len(results.engines())) - 16
    for index, engine in enumerate(results.engines()):
        drawing.circle(x, y - 4, 5, COLOURS[index % len(COLOURS)])
        drawing.text(x + 12, y, engine, size=12)
        y += 18
    y += 8
    for index, name in enumerate(tests):
        _mark(drawing, x, y - 4, index, FAINT)
        drawing.text(x + 12, y, next(p["test"].title for p in points if p["test"].name == name), size=12)
        y += 18


def _label(drawing, x, y, text, taken):
    """Names a point on the first side where nothing stands yet; leaves it out where all are taken."""
    width = text_width(text, 9)
    for left, base in [(x + 9, y + 3), (x - 9 - width, y + 3), (x - width / 2, y - 10), (x - width / 2, y + 17)]:
        box = (left, base - 8, left + width, base + 2)
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            taken.append(box)
            drawing.text(left, base, text, size=9, fill=FAINT)
            return


def _mark(drawing, x, y, kind, colour):
    """One shape for each test."""
    style = {"stroke": colour, "stroke_width": 1.8, "fill_opacity": 0.25}
    if kind % 4 == 0:
        drawing.circle(x, y, 5.5, colour, **style)
    elif kind % 4 == 1:
        drawing.square(x, y, 4.8, colour, **style)
    elif kind % 4 == 2:
        drawing.path([(x, y - 6), (x + 6, y + 5), (x - 6, y + 5), (x, y - 6)], colour, 1.8)
    else:
        drawing.path([(x, y - 6.5), (x + 6.5, y), (x, y + 6.5), (x - 6.5, y), (x, y - 6.5)], colour, 1.8)
