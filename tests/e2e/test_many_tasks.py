"""Ten thousand loaded tasks on a bare page: it draws few rows, and wheel and keyboard reach the last one."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .bare_page import mount
from .service import Service

pytestmark = pytest.mark.browser

MANY = 10_000


def test_ten_thousand_tasks_keep_the_page_small_and_scroll_to_the_last(page: Page, service: Service) -> None:
    queue_id = f"many-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    with ct.connect(endpoint=service.url) as client:
        queue = client.queue(queue_id)
        request = ct.model.HttpRequest(url="https://example.com/send", http_method="POST")
        tasks = [
            ct.Task(
                name=f"{queue.name}/tasks/t-{number:05}",
                http_request=request,
                status=ct.model.TaskStatus(attempt_dispatch_count=number % 4),
            )
            for number in range(MANY)
        ]
        browser = queue.browse()
        browser.scope = "all"
        browser._fill(tasks)
        mount(page, browser)
    table, scroll = page.locator("table.ct-tasks"), page.locator(".ct-scroll")
    rows = table.locator("tbody tr[data-id]")
    expect(table).to_have_attribute("aria-rowcount", str(MANY + 2))
    assert 0 < rows.count() < 60
    scroll.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(page.get_by_role("button", name=f"t-{MANY - 1:05}")).to_be_in_viewport()
    expect(rows.last).to_have_attribute("aria-rowindex", str(MANY + 2))
    assert rows.count() < 60
    page.get_by_role("checkbox", name=f"Select task t-{MANY - 1:05}").focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("checkbox", name="Select task t-00000")).to_be_focused()
    scroll.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")  # the focused row leaves the page
    expect(page.get_by_role("button", name="t-00000")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="t-00001")).to_be_focused()
    assert rows.count() < 60

    bars = page.get_by_role("group", name="Filter by attempts")
    box, count = bars.bounding_box(), bars.get_by_role("button").count()
    assert box and count == 4
    place = [box["x"] + box["width"] * (at + 0.5) / count for at in range(count)]
    page.mouse.move(place[1], box["y"] + 9)
    page.mouse.down()
    page.mouse.move(place[2], box["y"] + 9)
    page.mouse.up()
    last = "() => window.sent.filter(message => message.args).at(-1)"
    assert page.evaluate(last) == {"do": "between", "args": {"field": "attempts", "low": "1", "high": "3"}}
    page.locator('.ct-sort[data-column="attempts"]').focus()
    page.keyboard.press("Shift+Enter")
    assert page.evaluate(last) == {
        "do": "cycle_sort",
        "args": {"column": "attempts", "beside": True},
    }

    page.get_by_role("radio", name="all").check()
    page.get_by_role("group", name="Act on tasks").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("form").get_by_role("textbox").fill(queue_id)
    page.get_by_role("form").get_by_role("button", name=re.compile("^Delete")).hover()
    page.mouse.down()
    page.evaluate(
        "() => { window.state.place = { ...window.state.place, stamp: 'other' }; window.announce(); }"
    )
    page.mouse.up()  # the press reaches the button, but the form is about other tasks now
    expect(page.locator(".ct-status")).to_contain_text("The tasks changed while the form was open.")
    assert page.evaluate(last)["do"] == "cycle_sort"


def test_a_refresh_keeps_the_place_and_leaves_no_blank(page: Page, service: Service) -> None:
    queue_id = f"place-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(25):
        service.create_task(queue_id, f"t-{number:02}", b"{}", url="https://example.com/send")
    payload = json.dumps({"to": ["ada"] * 40}).encode()
    service.create_task(queue_id, "t-00-long", payload, url="https://example.com/send")
    page.set_viewport_size({"width": 960, "height": 800})
    with ct.connect(endpoint=service.url) as client:
        browser = client.queue(queue_id).browse()
        browser.open_task("t-00-long")
        mount(page, browser)
    scroll = page.locator(".ct-scroll")
    blank = """node => {
        const rows = [...node.querySelectorAll('tr[data-id]')].map(row => row.getBoundingClientRect());
        const { bottom } = node.getBoundingClientRect();
        const head = node.querySelector('thead').getBoundingClientRect();
        const blank = [rows[0].top - head.bottom - 1, bottom - rows.at(-1).bottom - 4];
        return [...blank.map(px => Math.max(0, px)), node.scrollTop];
    }"""
    for top in (0, 100, 1_000_000):
        scroll.evaluate("(node, top) => { node.scrollTop = top; }", top)
        place = scroll.evaluate("node => node.scrollTop")
        for _ in range(3):
            page.evaluate("() => window.announce()")
            page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
            )
            assert scroll.evaluate(blank) == [0, 0, place]

    page.locator("details", has_text="headers").first.locator("summary").click()
    view = """([fold, ...parts]) => [fold.open, document.activeElement.tagName,
        ...parts.map(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop])]"""
    shown = """() => [document.querySelector('.ct-section'),
        ...['.ct-scroll', '.ct-detail', '.ct-json'].map(name => document.querySelector(name))]"""
    page.evaluate(f"() => {{ for (const part of ({shown})().slice(1)) part.scrollTo(70, 60); }}")
    before = page.evaluate(f"() => ({view})(({shown})())")
    assert before[:2] == [True, "SUMMARY"] and all(any(part) for part in before[2:])
    page.evaluate(
        """() => {
            const { detail, place } = window.state;
            window.state.detail = { ...detail, facts: [...detail.facts, detail.facts[0]] };
            window.state.place = { ...place, count: place.count + 1 };
            window.announce();
        }"""
    )
    expect(page.locator(".ct-detail dt")).to_have_count(5)
    assert page.evaluate(f"() => ({view})(({shown})())") == before


def test_a_column_is_as_wide_as_somebody_drags_it(page: Page, service: Service) -> None:
    queue_id = f"wide-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.create_task(queue_id, "t-" + "0123456789" * 3, b"{}", url="https://example.com/send")
    with ct.connect(endpoint=service.url) as client:
        mount(page, client.queue(queue_id).browse())
    name = page.locator("tbody .ct-name .ct-cut > :first-child").first
    assert name.evaluate("span => span.scrollWidth <= span.clientWidth")  # a whole id fits
    head = page.locator("th", has=page.locator('[data-column="schedule"]'))
    before, edge = head.bounding_box(), head.locator(".ct-edge").bounding_box()
    assert before and edge
    page.mouse.move(edge["x"] + 5, edge["y"] + 5)
    page.mouse.down()
    page.evaluate("() => window.announce()")  # an update does not end the drag
    page.mouse.move(edge["x"] + 65, edge["y"] + 5)
    page.mouse.up()
    page.evaluate("() => new Promise(done => setTimeout(done, 1))")  # the update is drawn now
    (message,) = [message for message in page.evaluate("() => window.sent") if message["do"] == "set_width"]
    assert message["args"]["column"] == "schedule"
    assert abs(message["args"]["width_px"] - before["width"] - 60) < 3
    after = head.bounding_box()
    assert after and abs(after["width"] - before["width"] - 60) < 3
    page.evaluate(
        "() => { window.state.widths = { schedule: 200 }; window.announce(); }"
    )  # as the kernel stored it
    assert abs((head.bounding_box() or {"width": 0})["width"] - 200) < 3


def test_tasks_that_come_before_their_count_show_nothing_wrong(page: Page, service: Service) -> None:
    queue_id = f"count-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b"{}", url="https://example.com/send")
    with ct.connect(endpoint=service.url) as client:
        mount(page, client.queue(queue_id).browse())
    one = """() => {
        const { table } = window.state;
        window.state.table = { ids: table.ids.slice(0, 1), leased: [], columns: [] };
        window.emit('change:table');
    }"""
    page.evaluate(one)  # marimo announces traits one by one: `place` still says three
    expect(page.locator("tbody tr[data-id]")).to_have_count(1)


def test_terms_are_offered_while_a_query_is_typed(page: Page, service: Service) -> None:
    queue_id = f"offered-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.create_task(queue_id, "t", b'{"customer": 42}', url="https://example.com/send", due_s=60)
    with ct.connect(endpoint=service.url) as client:
        browser = client.queue(queue_id).browse()
        browser.read_payloads()
        mount(page, browser)
    box = page.get_by_role("combobox", name="Filter ")
    options = "() => [...document.querySelectorAll('datalist option')].map(option => option.value)"
    box.press_sequentially("is:due -co")
    assert {"is:due -code:", "is:due -code:error", "is:due -code:UNAVAILABLE"} <= set(page.evaluate(options))
    box.fill("")
    box.press_sequentially("payload.c")
    assert page.evaluate(options) == ["payload.customer:"]
