"""Measure a task browser with very many tasks: `python benchmarks/panels.py [--tasks 100000]`.

The kernel is measured in processor time and traced memory, the page in processor time of the drawing thread (Chromium's
ThreadTime), so that other load matters little. It needs chromium and playwright.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
import tracemalloc
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shutil import which
from typing import Any

from compiled import run_compiled

import cloudtasks_nb as ct
from cloudtasks_nb.frames import TASKS, TaskPage, to_pandas
from cloudtasks_nb.widgets.clickable import built
from cloudtasks_nb.widgets.task_browser import TaskBrowser
from cloudtasks_nb.widgets.task_sharing import Shared

PAGE = 1_000
HEADERS = {"Content-Type": "application/json", "User-Agent": "Google-Cloud-Tasks", "X-Shop": "7"}
QUERIES = ("code:503", "attempts>=2 attempts<5", "code:503 method:POST url:/mail due>now", "4711")

# The model of a notebook: traits, and messages with buffers as the views that ipywidgets passes.
MOUNT = """async ([state, css, script, parts]) => {
    document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
    const handlers = new Map();
    const emit = (event, ...content) => handlers.get(event)?.forEach(handler => handler(...content));
    window.emit = emit;
    const model = {
        get: name => state[name],
        on: (event, handler) => handlers.set(event, [...(handlers.get(event) ?? []), handler]),
        off: () => {},
        send: message => {
            const { do: wanted, name } = message;
            if (wanted === 'part') setTimeout(() => emit('msg:custom', { part: name, code: parts[name] }));
        },
    };
    window.hold = ([message, buffers, traits]) => {
        const views = buffers.map(text => new DataView(Uint8Array.from(atob(text), sign => sign.charCodeAt(0)).buffer));
        window.held = [message, views, traits];
    };
    window.take = () => {
        const [message, views, traits] = window.held;
        if (message) emit('msg:custom', message, views);
        Object.assign(state, traits);
        for (const name of Object.keys(traits)) emit(`change:${name}`);
    };
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    (await import(url)).default.render({ model, el: document.body });
}"""
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
NOT_TRAITS = ("layout", "tooltip", "tabbable", "_esm", "_css")
TRAITS = ("table", "heads", "facets", "place", "selected")


def pages(count: int) -> Iterator[bytes]:
    """Pages of a listing, as the service sends them: BASIC, half of the tasks with one response."""
    chance = random.Random(1)  # noqa: S311 - the same tasks in every run
    for start in range(0, count, PAGE):
        tasks = [_task(number, chance) for number in range(start, min(start + PAGE, count))]
        yield json.dumps({"tasks": tasks}).encode()


def _task(number: int, chance: random.Random) -> dict[str, Any]:
    attempts = chance.randrange(6)
    status: dict[str, Any] = {"attemptDispatchCount": attempts, "attemptResponseCount": attempts}
    if attempts:
        code, http = chance.choice([(14, 503), (14, 503), (8, 429), (5, 404)])
        response = {"code": code, "message": f"HTTP status code {http}"}
        status["lastAttemptStatus"] = {"responseStatus": response, "responseTime": "2026-11-29T10:00:00.5Z"}
    minute = f"{chance.randrange(24):02}:{chance.randrange(60):02}"
    return {
        "name": f"projects/p/locations/us-central1/queues/emails/tasks/{chance.getrandbits(63):019}",
        "httpRequest": {
            "url": f"https://shop.example/{chance.choice(['mail', 'bill'])}/send?number={number}",
            "httpMethod": chance.choice(["POST", "POST", "POST", "PUT"]),
            "headers": HEADERS,
        },
        "scheduleTime": f"2026-11-29T{minute}:00.123456Z",
        "createTime": f"2026-11-28T{minute}:00Z",
        "view": "BASIC",
        "status": status,
    }


def filled(browser: TaskBrowser, count: int) -> tuple[float, float]:
    """Fill the browser as load_all() does. Returns its traced memory in MB, and that of the DataFrame."""
    listing = browser._listing()._listing
    made, shared = pages(count), Shared()
    tracemalloc.start()
    tasks: list[ct.Task] = []
    for raw in made:
        some = listing.items(raw)
        shared.share(some)
        tasks += some
    browser.scope = "all"
    browser._fill(tasks)
    held = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    frame = to_pandas(TASKS, [TaskPage.of(tasks)])
    return held, float(frame.memory_usage(deep=True).sum()) / 1e6


def processor(act: Callable[[], object]) -> float:
    """Processor time of this process, in milliseconds."""
    start = time.process_time()
    act()
    return (time.process_time() - start) * 1_000


class Drawn:
    """The browser on a Chromium page: the messages of its kernel, and the cost of drawing them."""

    def __init__(self, page: Any, browser: TaskBrowser) -> None:
        self.page, self.browser, self.bytes = page, browser, 0
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("Performance.enable")
        state = {name: value for name, value in browser.get_state().items() if name not in NOT_TRAITS}
        page.set_content("<!doctype html><html lang=en><body></body></html>")
        style, script = built("task_browser.css"), built("task_browser.js")
        parts = {name: built(f"{name}.js") for name in browser._parts}
        page.evaluate(MOUNT, [state, style, script, parts])
        page.locator(".ct-verbs").wait_for()
        page.locator(".ct-loaded").wait_for()

    def cost(self, script: str, argument: object = None) -> float:
        """Milliseconds of the page's thread for a script and the frames after it."""
        self.page.evaluate(FRAME)
        before = self._thread_ms()
        self.page.evaluate(script, argument)
        self.page.evaluate(FRAME)
        return self._thread_ms() - before

    def receive(self, whole: bool = False) -> float:
        """The cost of receiving the kernel's messages."""
        message, buffers = self.browser.rows_sent(whole) or ({}, [])
        traits = {name: getattr(self.browser, name) for name in TRAITS}
        self.bytes = sum(map(len, buffers)) + len(json.dumps([message, traits]))
        self.page.evaluate(
            "held => window.hold(held)", [message, [b64encode(one).decode() for one in buffers], traits]
        )
        return self.cost("() => window.take()")

    def scroll(self) -> list[float]:
        """Each step of scrolling: by wheel, by page, and to far places."""
        chance = random.Random(2)  # noqa: S311
        steps = [f"node.scrollTop += {pixels}" for pixels in (90, 400) for _ in range(20)]
        steps += [f"node.scrollTop = node.scrollHeight * {chance.random()}" for _ in range(20)]
        scripts = [
            f"() => {{ const node = document.querySelector('.ct-scroll'); {step}; }}" for step in steps
        ]
        return [self.cost(script) for script in scripts]

    def _thread_ms(self) -> float:
        metrics = self.devtools.send("Performance.getMetrics")["metrics"]
        return 1_000 * next(float(one["value"]) for one in metrics if one["name"] == "ThreadTime")


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def rows(count: int, runs: int) -> Iterator[tuple[str, str]]:
    """The rows of the table: name and value."""
    with ct.local(dispatch=False) as client, chromium() as page:
        browser = client.create_queue("emails").browse()
        held, frame = filled(browser, count)
        yield "kernel: memory with the tasks, MB", f"{held:.0f}"
        yield "the same tasks as a DataFrame, MB", f"{frame:.0f}"
        yield (
            "kernel: all columns for the page, ms",
            f"{processor(lambda: browser.rows_sent(whole=True)):.0f}",
        )
        drawn = Drawn(page, browser)
        first = drawn.receive(whole=True)
        yield "all rows, sent, MB", f"{drawn.bytes / 1e6:.1f}"
        yield "page: all rows taken, ms", f"{first:.0f}"
        yield "page: a step of scrolling, ms: median, largest of 60", _spread(drawn.scroll())
        kernel, shown, sizes = [], [], []
        for query in QUERIES * runs:
            kernel.append(processor(lambda query=query: browser.filter(query)))  # type: ignore[misc]
            shown.append(drawn.receive())
            sizes.append(drawn.bytes)
        yield "kernel: a filter, ms: median, largest", _spread(kernel)
        yield "a filter, sent, kB", f"{max(sizes) / 1e3:.0f}"
        yield "page: a filter, ms: median, largest", _spread(shown)
        browser.filter("")
        drawn.receive()
        yield (
            "kernel: a sort by two columns, ms",
            f"{processor(lambda: browser.sort(['status', '-attempts'])):.0f}",
        )
        yield "page: another order, ms", f"{drawn.receive():.0f}"
        yield "page: a step of scrolling in it, ms: median, largest of 60", _spread(drawn.scroll())
        saved = {name: value for name, value in browser.get_state().items() if name not in NOT_TRAITS}
        yield (
            "saved with a notebook, without script and style, kB",
            f"{len(json.dumps(saved, default=str)) / 1e3:.0f}",
        )
        browser.close()


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f}, {max(values):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.widgets.task_browser", "pandas")
    print(f"| {given.tasks:,} tasks | |\n|---|---:|")
    for what, measured in rows(given.tasks, given.runs):
        print(f"| {what} | {measured} |", flush=True)


if __name__ == "__main__":
    main()
