"""Interactive panels: anywidgets over resources. Methods such as `queue.panel()` create them."""
