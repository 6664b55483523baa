"""The colours of notebooks, as attributes and variables of their pages, and a check for weak contrasts.

Values: JupyterLab 4.6's themes, VS Code's default themes (extensions/theme-defaults and its registry of colours),
marimo 0.25's style sheet, Colab's output frame. VS Code and Colab bring JupyterLab's light values along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

LAB_LIGHT = (
    "--jp-layout-color0: #fff; --jp-layout-color1: #fff; --jp-layout-color2: #eee; "
    "--jp-content-font-color1: rgba(0, 0, 0, .87); --jp-content-font-color2: rgba(0, 0, 0, .54); "
    "--jp-border-color2: #e0e0e0; --jp-brand-color1: #1976d2; --jp-ui-font-family: system-ui; background: #fff"
)
LAB_DARK = (
    "--jp-layout-color0: #111; --jp-layout-color1: #212121; --jp-layout-color2: #424242; "
    "--jp-content-font-color1: #fff; --jp-content-font-color2: rgba(255, 255, 255, .7); "
    "--jp-border-color2: #424242; --jp-brand-color1: #2196f3; --jp-ui-font-family: system-ui; background: #111"
)
LAB_CONTRAST = LAB_DARK.replace("#212121", "#111").replace(
    "--jp-brand-color1: #2196f3", "--jp-brand-color1: #319bf2"
)


@dataclass(frozen=True)
class Host:
    """The attributes that a notebook sets on the root and the body of its page."""

    body: str
    root: str = ""


def _vscode(kind: str, paper: str, ink: str, focus: str, edge: str = "") -> Host:
    """VS Code's newer bridge sets JupyterLab's font variables to the editor's font."""
    editor = "--jp-ui-font-family: Editor Mono; --vscode-editor-font-family: Editor Mono"
    fonts = f"{editor}; --vscode-font-family: Workbench"
    colours = f"--vscode-editor-background: {paper}; --vscode-editor-foreground: {ink}; --vscode-focusBorder: {focus}"
    more = f"; --vscode-contrastBorder: {edge}" if edge else ""
    return Host(
        f'data-vscode-theme-kind="{kind}" style="{LAB_LIGHT}; {fonts}; {colours}{more}; background: {paper}"'
    )


HOSTS = {
    "plain": Host(""),
    "lab-light": Host(f'data-jp-theme-light="true" style="{LAB_LIGHT}"'),
    "lab-dark": Host(f'data-jp-theme-light="false" style="{LAB_DARK}"'),
    "lab-dark-contrast": Host(f'data-jp-theme-light="false" style="{LAB_CONTRAST}"'),
    "vscode-dark-modern": _vscode("vscode-dark", "#1f1f1f", "#cccccc", "#0078d4"),
    "vscode-dark": _vscode("vscode-dark", "#1e1e1e", "#d4d4d4", "#007fd4"),
    "vscode-light-modern": _vscode("vscode-light", "#ffffff", "#3b3b3b", "#005fb8"),
    "vscode-light": _vscode("vscode-light", "#ffffff", "#000000", "#0090f1"),
    "vscode-contrast": _vscode("vscode-high-contrast", "#000000", "#ffffff", "#f38518", "#6fc3df"),
    "vscode-light-contrast": _vscode(
        "vscode-high-contrast-light", "#ffffff", "#292929", "#006bbd", "#0f4a85"
    ),
    "marimo-light": Host('class="light" data-theme="light" style="--background: #fff; background: #fff"'),
    "marimo-dark": Host('class="dark" data-theme="dark" style="--background: #181c1a; background: #181c1a"'),
    "colab-light": Host('style="background: #fff"', f'style="{LAB_LIGHT}"'),
    "colab-dark": Host('style="background: #383838"', f'theme="dark" style="{LAB_LIGHT}"'),
    "sphinx-dark": Host(f'data-theme="dark" style="{LAB_LIGHT}"'),
}

# Returns the number of texts and edges, and for each host the texts with a contrast below 4.5 to their background and
# the edges of controls with a contrast below 3 to their surroundings. Native check boxes are excluded.
_WEAK = """([hosts, within]) => {
    const parse = color => {
        const [a, b, c, alpha = 1] = color.replace('color(srgb', '').match(/[\\d.e-]+/g).map(Number);
        return { rgb: [a, b, c].map(v => color.startsWith('color') ? v * 255 : v), alpha };
    };
    const over = (top, under) => top.rgb.map((value, i) => value * top.alpha + under[i] * (1 - top.alpha));
    let known;
    const behind = node => {
        if (!node) return [255, 255, 255];
        if (!known.has(node)) {
            known.set(node, over(parse(getComputedStyle(node).backgroundColor), behind(node.parentElement)));
        }
        return known.get(node);
    };
    const light = rgb => {
        const [r, g, b] = rgb.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (color, back) => {
        const [low, high] = [light(back), light(over(parse(color), back))].sort((a, b) => a - b);
        return Math.round((high + 0.05) / (low + 0.05) * 100) / 100;
    };
    const shown = [...document.querySelectorAll(within)].filter(node => node.checkVisibility());
    const active = shown.filter(node => !node.closest(':disabled'));
    const hasText = node => [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    const texts = active.filter(hasText);
    const hasEdge = node => node.matches('button, summary, select, textarea, input:not([type=checkbox], [type=radio])')
        && parseFloat(getComputedStyle(node).borderTopWidth) > 0;
    const edges = active.filter(hasEdge);
    const boxes = active.filter(node => node.matches('input[type=checkbox], input[type=radio], progress'));
    const root = document.documentElement;
    const dress = (node, said) => {
        for (const { name } of [...node.attributes]) node.removeAttribute(name);
        const like = new DOMParser().parseFromString(`<p ${said}></p>`, 'text/html').querySelector('p');
        for (const { name, value } of like.attributes) node.setAttribute(name, value);
    };
    const weak = [];
    for (const [host, { root: onRoot, body }] of Object.entries(hosts)) {
        dress(root, onRoot);
        dress(document.body, body);
        known = new Map();
        const say = (least, found, node) => {
            const name = node.getAttribute('class');
            if (found < least) weak.push([host, found, name, node.textContent.slice(0, 40)]);
        };
        for (const node of texts) {
            const { color, fill } = getComputedStyle(node);
            say(4.5, contrast(node.ownerSVGElement ? fill : color, behind(node)), node);
        }
        const around = (color, node) => say(3, contrast(color, behind(node.parentElement)), node);
        for (const node of edges) around(getComputedStyle(node).borderTopColor, node);
        for (const node of boxes) {
            const { accentColor } = getComputedStyle(node);
            if (accentColor !== 'auto') around(accentColor, node);
        }
        const first = edges[0];
        first?.focus({ preventScroll: true });
        if (first?.matches(':focus-visible')) around(getComputedStyle(first).outlineColor, first);
        first?.blur();
    }
    return [texts.length, edges.length, weak];
}"""


def weak_contrasts(page: Page, within: str) -> tuple[int, int, list[list[Any]]]:
    """The number of texts and edges of controls in `within`, and those with weak contrast, by host."""
    hosts = {name: {"root": host.root, "body": host.body} for name, host in HOSTS.items()}
    texts, edges, weak = page.evaluate(_WEAK, [hosts, within])
    return texts, edges, weak


def dress(page: Page, name: str) -> None:
    """An empty page with the look of a host."""
    host = HOSTS[name]
    page.set_content(f"<!doctype html><html lang=en {host.root}><body {host.body}></body></html>")
