"""A small writer of SVG: shapes and text on a white sheet."""

from xml.sax.saxutils import escape, quoteattr

INK = "#1f2933"
FAINT = "#7b8794"
GRID = "#e4e7eb"
# Told apart by colour-blind readers, and in print.
COLOURS = ["#1b6ca8", "#e08e2b", "#5b9a68", "#a2568f", "#8c8c8c"]
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


class Drawing:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" font-family="{FONT}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]

    def rect(self, x, y, width, height, fill, **more):
        self._shape("rect", x=x, y=y, width=max(0, width), height=max(0, height), fill=fill, **more)

    def line(self, x1, y1, x2, y2, stroke=GRID, width=1, **more):
        self._shape("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, **more)

    def path(self, points, stroke, width=2, **more):
        steps = " ".join(f"{'M' if i == 0 else 'L'}{_short(x)} {_short(y)}" for i, (x, y) in enumerate(points))
        self._shape("path", d=steps, stroke=stroke, stroke_width=width, fill="none", **more)

    def circle(self, x, y, radius, fill, **more):
        self._shape("circle", cx=x, cy=y, r=radius, fill=fill, **more)

    def square(self, x, y, radius, fill, **more):
        self.rect(x - radius, y - radius, 2 * radius, 2 * radius, fill, **more)

    def text(self, x, y, text, size=12, anchor="start", fill=INK, **more):
        attributes = _attributes({"x": x, "y": y, "font_size": size, "text_anchor": anchor, "fill": fill, **more})
        self.parts.append(f"<text {attributes}>{escape(text)}</text>")

    def _shape(self, name, **attributes):
        self.parts.append(f"<{name} {_attributes(attributes)}/>")

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.parts + ["</svg>"]) + "\n", encoding="utf-8")


def _attributes(values):
    return " ".join(f"{key.replace('_', '-')}={quoteattr(_short(value))}" for key, value in values.items())


def _short(value):
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def text_width(text, size):
    """Roughly what a text takes, for the font that a reader will have."""
    return len(text) * size * 0.6
