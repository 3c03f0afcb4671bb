"""Tests of Benchmarks/compare with invented results; nothing is measured."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
import xml.dom.minidom

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from comparison import bars, catalog, command, process, roofline, tables  # noqa: E402
from comparison.results import Results  # noqa: E402


def invented(folder):
    """Three rounds of two engines on one model, where one test of the peer is missing."""
    results = Results(folder / "results.json", {"cpu": "a CPU", "cores": 2, "memory_bytes": 8 << 30})
    results.data["date"] = "2026-11-23"
    results.data["engines"] = {"Apus": {"version": "1"}, "peer": {"version": "2"}}
    results.data["models"] = {"m": {"group": "M shape", "label": "Q4_0", "bytes": 1}}
    details = {"operations_per_token": 1e9, "weight_bytes_per_token": 3e8, "kv_bytes_per_token": 1e6}
    for number, factor in enumerate([1.0, 2.0, 4.0]):
        for test, value in [("pp512", 100), ("tg64", 10), ("load", 2)]:
            run = {"round": number, "model": "m", "test": test, "threads": 2, "peak_bytes": 1 << 30}
            results.add(**run, engine="Apus", value=value * factor, **details)
            if test != "pp512":
                results.add(**run, engine="peer", value=value * factor / 2)
        for name, value in [("read 1 MiB", 2e10), ("int8 a", 3e11), ("int8 b", 5e11), ("float32 c", 1e11)]:
            results.add(round=number, engine="limits", model="", test=name, threads=2, value=value)
    return results


class Rendering(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.results = invented(self.folder)

    def test_medians_and_ratios(self):
        self.assertEqual(self.results.median("Apus", "m", "tg64", 2), 20)
        self.assertEqual(self.results.ratio("Apus", "peer", "m", "tg64", 2), 2)
        self.assertIsNone(self.results.median("peer", "m", "pp512", 2))
        self.assertIsNone(self.results.ratio("Apus", "peer", "m", "pp512", 2))

    def test_tables(self):
        text = tables.section(self.results, [("title", "plot.svg")])
        self.assertIn("| Q4_0 | 200 / – | 20.0 / 10.0 (2.00×) | 4.00 / 2.00 (0.50×) | 1.00 / 1.00 |", text)
        self.assertIn("![title](plot.svg)", text)
        self.assertIn("read 1 MiB 20 GB/s, int8 a 300 Gop/s", text)

    def test_a_page_keeps_what_stands_around_the_marks(self):
        page = self.folder / "Page.md"
        page.write_text(f"# A\n\n{tables.BEGIN}\nold\n{tables.END}\n\nrest\n")
        for _ in range(2):
            with contextlib.redirect_stderr(io.StringIO()):
                command.render(self.results, page, self.folder / "Page")
        text = page.read_text()
        self.assertTrue(text.startswith("# A\n\n") and text.endswith(f"{tables.END}\n\nrest\n"))
        self.assertNotIn("old", text)
        for drawing in (self.folder / "Page").glob("*.svg"):
            xml.dom.minidom.parse(str(drawing))
            self.assertIn(drawing.name, text)
        self.assertEqual(len(list((self.folder / "Page").glob("*.svg"))), 2)

    def test_nothing_to_draw(self):
        empty = Results(self.folder / "empty.json", {"cpu": "a CPU"})
        self.assertIsNone(bars.draw(empty, "M", [], 2))
        self.assertIsNone(roofline.draw(empty, "M", [], 2))


class Keeping(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.results = invented(self.folder)

    def test_a_run_goes_on(self):
        again = Results(self.folder / "results.json", {"cpu": "a CPU"})
        self.assertEqual(again.data, self.results.data)
        self.assertTrue(again.find(1, "Apus", "m", "tg64", 2))
        self.assertIsNone(again.find(3, "Apus", "m", "tg64", 2))

    def test_results_of_another_machine_are_refused(self):
        with self.assertRaises(SystemExit):
            Results(self.folder / "results.json", {"cpu": "another"})
        fresh = Results(self.folder / "results.json", {"cpu": "another"}, is_fresh=True)
        self.assertEqual(fresh.data["runs"], [])

    def test_no_path_of_this_machine_is_kept(self):
        self.assertNotIn(str(self.folder), json.dumps(self.results.data))


class Choosing(unittest.TestCase):
    def names(self, *wanted):
        return [test.name for test in catalog.chosen(catalog.TESTS, wanted)]

    def test_by_name_by_beginning_or_all(self):
        self.assertEqual(self.names("tg64"), ["tg64"])
        self.assertEqual(self.names("tg", "PP"), ["pp512", "tg64", "tg64@d2048", "tg32x8"])
        self.assertEqual(self.names(), [test.name for test in catalog.TESTS])
        with self.assertRaises(SystemExit):
            self.names("nonsense")


class Processes(unittest.TestCase):
    def test_output_memory_and_failure(self):
        run = process.run([sys.executable, "-c", "import os; print(os.environ['A'])"], {"A": "b"})
        self.assertEqual(run.output, "b\n")
        self.assertGreater(run.peak_bytes, 1 << 20)
        with self.assertRaisesRegex(process.Failed, "ended with 3: why"):
            process.run([sys.executable, "-c", "import sys; print('why', file=sys.stderr); sys.exit(3)"])
        with self.assertRaisesRegex(process.Failed, "too long"):
            process.run([sys.executable, "-c", "import time; time.sleep(9)"], timeout=0.1)


if __name__ == "__main__":
    unittest.main()
