"""Bars of tokens per second: one panel for each test, one bar for each engine and model."""

from comparison import catalog, tables
from comparison.svg import COLOURS, FAINT, GRID, INK, Drawing, text_width

PANEL_WIDTH = 420
LABEL_WIDTH = 64
VALUE_WIDTH = 92
BAR, GAP, GROUP_GAP = 13, 2, 10
TOP, PANEL_TOP = 78, 34
MARGIN = 24


def draw(results, group, names, threads):
    """A drawing of a group of models, or None where there is nothing to show."""
    tests = [test for test in tables.known_tests(results) if test.name != catalog.LOAD]
    tests = [t for t in tests if any(results.median(e, n, t.name, threads) for e in results.engines() for n in names)]
    if not tests:
        return None
    engines = results.engines()
    rows = -(-len(tests) // 2)
    group_height = len(engines) * (BAR + GAP) + GROUP_GAP
    panel_height = PANEL_TOP + len(names) * group_height + 14
    width = MARGIN * 2 + PANEL_WIDTH * min(2, len(tests)) + (MARGIN if len(tests) > 1 else 0)
    drawing = Drawing(width, TOP + rows * panel_height + 8, f"{group}: tokens per second")
    _heading(drawing, group, threads, results)
    for index, test in enumerate(tests):
        x = MARGIN + (index % 2) * (PANEL_WIDTH + MARGIN)
        _panel(drawing, results, test, names, threads, x, TOP + (index // 2) * panel_height)
    return drawing


def _heading(drawing, group, threads, results):
    drawing.text(MARGIN, 30, group, size=18, font_weight=600)
    machine = results.data["machine"]["cpu"]
    text = f"tokens per second, {tables.in_words(threads)}, {machine}; more is better"
    drawing.text(MARGIN, 50, text, fill=FAINT)
    x = drawing.width - MARGIN
    for index, engine in reversed(list(enumerate(results.engines()))):
        x -= text_width(engine, 13)
        drawing.text(x, 30, engine, size=13)
        drawing.rect(x - 18, 20, 12, 12, COLOURS[index % len(COLOURS)], rx=2)
        x -= 34


def _panel(drawing, results, test, names, threads, x, y):
    values = {
        (name, engine): results.median(engine, name, test.name, threads)
        for name in names for engine in results.engines()
    }
    largest = max(value for value in values.values() if value)
    left, room = x + LABEL_WIDTH, PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    drawing.text(x, y + 16, test.title, size=14, font_weight=600)
    y += PANEL_TOP - 6
    height = len(names) * (len(results.engines()) * (BAR + GAP) + GROUP_GAP) - GROUP_GAP
    drawing.line(left, y, left, y + height, stroke=GRID)
    for name in names:
        engines = results.engines()
        middle = y + len(engines) * (BAR + GAP) / 2
        drawing.text(left - 8, middle + 4, results.data["models"][name]["label"], anchor="end")
        for index, engine in enumerate(engines):
            value = values[name, engine]
            _bar(drawing, left, y, room, value, largest, COLOURS[index % len(COLOURS)])
            if index == 0 and value and len(engines) == 2:
                ratio = results.ratio(engine, engines[1], name, test.name, threads)
                end = left + room * value / largest + 8 + text_width(tables.number(value), 11) + 4
                if ratio:
                    drawing.text(end, y + BAR - 3, f"{ratio:.2f}×", size=11, fill=FAINT)
            y += BAR + GAP
        y += GROUP_GAP


def _bar(drawing, x, y, room, value, largest, colour):
    if value is None:
        drawing.text(x + 6, y + BAR - 3, "not measured", size=11, fill=FAINT)
        return
    drawing.rect(x, y, room * value / largest, BAR, colour, rx=2)
    drawing.text(x + room * value / largest + 6, y + BAR - 3, tables.number(value), size=11, fill=INK)
