"""Drives the chat page in headless Chromium, against the built program and the default model."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PROGRAM, MODEL = os.environ["APUS_PROGRAM"], os.environ["APUS_MODEL"]
PICTURES = os.environ.get("APUS_PICTURES")
ADDRESS = "127.0.0.1:18080"
# What the page may weigh in all, and how long its first paint may take.
MOST_BYTES, MOST_MILLISECONDS = 60_000, 100


def axe():
    """The source of axe-core, which a package of PyPI carries."""
    import axe_selenium_python

    folder = os.path.dirname(axe_selenium_python.__file__)
    for root, _, files in os.walk(folder):
        if "axe.min.js" in files:
            with open(os.path.join(root, "axe.min.js"), encoding="utf-8") as file:
                return file.read()
    raise FileNotFoundError("axe.min.js")


class PageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        store = os.path.join(cls.folder.name, "store")
        cls.log = open(os.path.join(cls.folder.name, "log"), "wb")
        cls.server = subprocess.Popen(
            [PROGRAM, "serve", MODEL, "--listen", ADDRESS, "--store", store], stderr=cls.log)
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://{ADDRESS}/health")
                break
            except OSError:
                time.sleep(0.1)
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,800"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.browser = webdriver.Chrome(options, webdriver.ChromeService(executable_path="/usr/bin/chromedriver"))

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.server.send_signal(signal.SIGTERM)
        cls.server.wait(60)
        cls.log.close()
        cls.folder.cleanup()

    def setUp(self):
        self.browser.set_window_size(1200, 800)
        self.browser.get(f"http://{ADDRESS}/")
        self.browser.execute_script("localStorage.clear(); sessionStorage.clear()")
        self.browser.get(f"http://{ADDRESS}/")
        self.until(lambda: self.all("#model option"))

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def until(self, condition, seconds=60):
        return WebDriverWait(self.browser, seconds, 0.05).until(lambda _: condition())

    def set(self, field, value):
        self.browser.execute_script(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1]; e.dispatchEvent(new Event('input'))",
            field, value)

    def ask(self, text, most=24):
        self.set("max_tokens", most)
        self.set("seed", 1)
        self.one("#question").send_keys(text, Keys.ENTER)
        self.until(lambda: self.one("#send").is_displayed() and self.all(".assistant .body"))

    def picture(self, name):
        if PICTURES:
            self.browser.save_screenshot(os.path.join(PICTURES, name + ".png"))

    def test_an_answer_streams_is_kept_and_found_again(self):
        self.ask("What is a swift?")
        self.assertTrue(self.one(".assistant .body").text)
        self.picture("answer")
        self.until(lambda: any("What is a swift?" in entry.text for entry in self.all("#conversations .open")))
        said = self.one(".assistant .body").text
        self.browser.get(f"http://{ADDRESS}/")
        self.until(lambda: self.all("#conversations .open"))
        self.assertFalse(self.all(".assistant"))
        self.one("#conversations .open").click()
        self.until(lambda: self.all(".assistant .body"))
        self.assertEqual(self.one(".assistant .body").text, said)
        count = len(self.all("#conversations .open"))
        self.browser.execute_script("arguments[0].click()", self.one("#conversations .drop"))
        self.until(lambda: len(self.all("#conversations .open")) == count - 1)
        self.assertFalse(self.all(".assistant"))

    def test_stop_regenerate_and_edit(self):
        self.set("max_tokens", 4000)
        self.one("#question").send_keys("Count to a thousand.", Keys.ENTER)
        self.until(lambda: self.one("#stop").is_displayed() and self.one(".assistant .body").text)
        self.one("#stop").click()
        self.until(lambda: self.one("#send").is_displayed())
        stopped = self.one(".assistant .body").text
        self.assertTrue(stopped)
        status = lambda: json.load(urllib.request.urlopen(f"http://{ADDRESS}/apus/status"))["models"][0]["running"]
        self.until(lambda: status() == 0, 5)
        self.set("max_tokens", 8)
        self.browser.execute_script("arguments[0].click()", self.all(".assistant .actions button")[1])
        self.until(lambda: self.all(".assistant .failed") and self.one("#send").is_displayed())
        self.assertNotEqual(self.one(".assistant .body").text, stopped)
        self.one("#question").send_keys(Keys.ARROW_UP)
        self.assertEqual(self.one("#question").get_attribute("value"), "Count to a thousand.")
        self.assertFalse(self.all("#messages article"))

    def test_probabilities_system_prompt_and_status(self):
        self.one("#show-settings").click()
        self.one("#system").send_keys("Answer in one word.")
        self.one("#probabilities").click()
        self.picture("settings")
        self.one("#settings [value=close]").click()
        self.ask("The capital of France?", 8)
        tokens = self.all(".assistant .tokens span")
        self.assertTrue(tokens)
        webdriver.ActionChains(self.browser).move_to_element(tokens[0]).perform()
        self.until(lambda: "%" in self.one("#tip").text)
        self.picture("probabilities")
        self.one("#show-status").click()
        self.until(lambda: "tokens per second" in self.one("#figures").text)
        time.sleep(2)
        self.picture("status")

    def test_what_a_model_writes_is_never_markup(self):
        text = ("# Title\n\nSome *soft* and **strong** text, `code`, [a link](https://example.org), [bad](javascript:alert(1)).\n\n"
                "<img src=x onerror=alert(1)><script>alert(1)</script>\n\n- one\n- two\n  - inner\n\n1. first\n2. second\n\n"
                "```python\nprint('<b>')\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted")
        self.browser.execute_async_script(
            "const done = arguments[1]; import('/page/markdown.js').then(m => { const e = document.createElement('article');"
            "e.className = 'assistant'; e.innerHTML = '<div class=body></div>'; document.getElementById('messages').append(e);"
            "m.render(e.firstChild, arguments[0]); done(); })", text)
        body = self.one(".assistant .body")
        for tag in ["h3", "em", "strong", "code", "pre", "table", "blockquote", "ul ul", "ol"]:
            self.assertTrue(body.find_elements(By.CSS_SELECTOR, tag), tag)
        self.assertEqual([a.get_attribute("href") for a in body.find_elements(By.TAG_NAME, "a")], ["https://example.org/"])
        self.assertFalse(body.find_elements(By.CSS_SELECTOR, "img, script"))
        self.assertIn("print('<b>')", body.text)
        self.picture("markdown")

    def test_light_first_paint_and_no_errors(self):
        self.browser.get(f"http://{ADDRESS}/")
        self.until(lambda: self.all("#model option"))
        script = "return performance.getEntriesByType('%s').map(e => [e.name, e.startTime, e.transferSize, e.decodedBodySize])"
        paint = dict((name, time) for name, time, *_ in self.browser.execute_script(script % "paint"))
        files = self.browser.execute_script(script % "resource") + self.browser.execute_script(script % "navigation")
        size = sum(entry[3] for entry in files if "/page/" in entry[0] or entry[0].endswith("/"))
        print(f"first paint {paint['first-paint']:.0f} ms, {size} bytes", file=sys.stderr)
        self.assertLess(size, MOST_BYTES)
        if not os.environ.get("CI"):
            self.assertLess(paint["first-paint"], MOST_MILLISECONDS)
        serious = [entry for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        self.assertEqual(serious, [])

    def test_accessible_in_both_colours_and_on_a_narrow_screen(self):
        self.ask("Write a list.")
        source = axe()
        for theme, width in [("light", 1200), ("dark", 1200), ("light", 400)]:
            self.browser.set_window_size(width, 800)
            self.browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
            self.browser.execute_script(source)
            found = self.browser.execute_async_script(
                "const done = arguments[0]; axe.run().then(r => done(r.violations.map(v => [v.id, v.nodes.map(n => n.html)])))")
            self.picture(f"{theme}-{width}")
            self.assertEqual(found, [], theme)
        self.one("#show-side").click()
        self.assertTrue(self.one("#conversations").is_displayed())
        self.picture("narrow-list")


if __name__ == "__main__":
    unittest.main()
