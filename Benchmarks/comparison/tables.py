"""The tables of the performance page."""

from comparison import catalog

BEGIN = "<!-- comparison: begin (Benchmarks/compare writes what stands between these marks) -->"
END = "<!-- comparison: end -->"
GIB = 1 << 30


def known_tests(results):
    """The tests that were measured, in the catalogue's order."""
    found = results.tests()
    tests = {test.name: test for test in catalog.TESTS + catalog.QUICK_TESTS if test.name in found}
    return sorted(tests.values(), key=lambda test: test.name == catalog.LOAD)


def groups(results):
    """Names of models by group, in the order in which they were measured."""
    found = {}
    for name, model in results.data["models"].items():
        found.setdefault(model["group"], []).append(name)
    return found


def section(results, plots):
    """All that stands between the marks; `plots` are pairs of title and path."""
    lines = [BEGIN, "", *_introduction(results)]
    for title, path in plots:
        lines += ["", f"![{title}]({path})"]
    for group, names in groups(results).items():
        for threads in results.threads():
            rows = _table(results, names, threads)
            if rows:
                lines += ["", f"### {group}, {in_words(threads)}", "", *rows]
    return "\n".join(lines + ["", END])


def _introduction(results):
    data = results.data
    machine, engines = data["machine"], results.engines()
    memory = round(machine["memory_bytes"] / GIB)
    versions = "; ".join(f"{name} {engine['version']}" for name, engine in data["engines"].items())
    rounds = 1 + max((run["round"] for run in data["runs"]), default=0)
    order = " / ".join(engines)
    text = [
        f"{machine['cpu']}, {machine['cores']} cores, {memory} GiB, {data['date']}. {versions}. "
        f"Engines ran in turn, {rounds} {'round' if rounds == 1 else 'rounds'}, each with its fastest flags. "
        f"A cell has the medians of {order}" + (", and the median of the rounds' ratios." if len(engines) > 1 else "."),
    ]
    limits = [_limits(results, threads) for threads in results.threads()]
    return text + [""] + [f"- {limit}" for limit in limits if limit]


def _limits(results, threads):
    parts = []
    for name in results.limit_names():
        value = results.limit(name, threads)
        if value:
            unit = "GB/s" if name.startswith("read") else "Gop/s"
            parts.append(f"{name} {value / 1e9:.0f} {unit}")
    return f"{in_words(threads)} at most: {', '.join(parts)}" if parts else ""


def _table(results, names, threads):
    """One row for each model; nothing where none of them was measured with so many threads."""
    tests = [t for t in known_tests(results) if any(_cell(results, name, t, threads) for name in names)]
    if not tests:
        return []
    titles = ["weights"] + [f"{test.title}, {test.unit}" for test in tests] + ["peak memory, GiB"]
    rows = [titles, ["---"] + ["--:"] * (len(titles) - 1)]
    for name in names:
        cells = [_cell(results, name, test, threads) for test in tests] + [_memory(results, name, threads)]
        if any(cells):
            rows.append([results.data["models"][name]["label"], *cells])
    return ["| " + " | ".join(row) + " |" for row in rows]


def _cell(results, name, test, threads):
    values = [results.median(engine, name, test.name, threads) for engine in results.engines()]
    if not any(values):
        return ""
    text = " / ".join(number(value) for value in values)
    first, *others = results.engines()
    if len(others) == 1:
        ratio = results.ratio(first, others[0], name, test.name, threads)
        # A load in half the time counts as twice as fast.
        if ratio:
            text += f" ({1 / ratio if test.is_better_lower else ratio:.2f}×)"
    return text


def _memory(results, name, threads):
    """Peak memory in decode, else in whatever was measured first."""
    tests = [catalog.DECODE] + [test.name for test in known_tests(results)]
    for test in tests:
        values = [results.median(engine, name, test, threads, "peak_bytes") for engine in results.engines()]
        if any(values):
            return " / ".join("–" if value is None else f"{value / GIB:.2f}" for value in values)
    return ""


def number(value):
    """Three digits that count, and no more."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def in_words(count):
    """A number of threads."""
    return "1 thread" if count == 1 else f"{count} threads"


def put_into(page, text):
    """Replaces what stands between the marks of a page, or adds it at the end."""
    content = page.read_text(encoding="utf-8") if page.exists() else "# Performance\n"
    before, begin, rest = content.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not begin:
        before, after = content.rstrip() + "\n\n", "\n"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(before + text + after, encoding="utf-8")
