"""A plot that is drawn light and dark, and follows the theme of the page."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Protocol

from ..errors import MissingExtra
from ..shown import Shown
from .paper import PAPERS, SUBTITLE, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..render import Image

COLOURS = 128


class Draw(Protocol):
    """Draws into `ax`, or into new axes, and returns the axes."""

    def __call__(self, *, ax: Axes | None = None, theme: Theme | None = None) -> Axes: ...


class Picture(Shown):
    """A plot that is light on a light page and dark on a dark one. `draw()` draws it with matplotlib.

    Errors: MissingExtra without matplotlib.

    Example:
        >>> picture = queue.plot.backoff()
        >>> axes = picture.draw(theme="dark")
        >>> axes.figure.savefig("backoff.png")
    """

    def __init__(self, name: str, draw: Draw) -> None:
        try:
            import matplotlib  # noqa: F401  # raises here, not when the picture is shown
        except ImportError:
            raise MissingExtra("A plot", "plot") from None
        self._name = name
        self._draw = draw

    def draw(self, ax: Axes | None = None, *, theme: Theme | None = None) -> Axes:
        """Draw with matplotlib into `ax`, or into a new figure of pyplot, for more styling or to save it as a file.

        The theme defaults to that of `ax`, or of matplotlib's style (`plt.style.use("dark_background")`).
        Returns the axes. A plot with several axes has them all in `axes.figure.axes`.

        Errors: ConfigError for an unknown theme.

        Example:
            >>> import matplotlib.pyplot as plt
            >>> figure, (left, right) = plt.subplots(1, 2)
            >>> axes = queue.plot.schedule().draw(left)
        """
        return self._draw(ax=ax, theme=theme)

    def _shape_(self) -> Image:
        from ..render import Image

        (light, words), (dark, _) = (self._drawn(theme) for theme in PAPERS)
        return Image("image/png", light, words, dark=dark)

    def _drawn(self, theme: Theme) -> tuple[bytes, str]:
        """The bytes of a PNG with a transparent background, and the title as text."""
        import matplotlib.pyplot as plt

        axes = self.draw(theme=theme)
        figure, drawn = axes.figure, BytesIO()
        try:
            figure.savefig(drawn, format="png", transparent=True)  # type: ignore[union-attr]
        finally:
            plt.close(figure)
        more = [text.get_text() for text in axes.texts if text.get_gid() == SUBTITLE]
        return _small(drawn), ", ".join([axes.get_title(loc="left"), *more])

    def __repr__(self) -> str:
        return f"<Picture of {self._name}: .draw() returns matplotlib's axes>"


def _small(drawn: BytesIO) -> bytes:
    """The PNG with only COLOURS colours: a third of the size in a saved notebook."""
    from PIL import Image

    written = BytesIO()
    few = Image.open(drawn).quantize(
        COLOURS, method=Image.Quantize.FASTOCTREE
    )  # the one that keeps transparency
    few.save(written, "png", optimize=True)
    return written.getvalue()
