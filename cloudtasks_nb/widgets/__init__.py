"""Panels to click: anywidgets over resources. Each is asked for by a method, such as `queue.panel()`."""
