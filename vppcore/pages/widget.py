"""A live element as a widget of JupyterLab: the module and the style of the pages, and no net.

`make lab` shows one below the cell that keeps its data (`Study.keep_data`); elsewhere none is made.
The solver is kept once by the kernel and asked for once by the notebook's page.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import anywidget
import traitlets

from vppcore.pages.live_module import module_text, solver_text, style_text

# colours of the book's pages -> those of JupyterLab, which has light and dark themes of its own
THEME = {
    "--pst-color-background": "--jp-layout-color1",
    "--pst-color-border": "--jp-border-color1",
    "--pst-color-danger": "--jp-error-color1",
    "--pst-color-info": "--jp-info-color1",
    "--pst-color-link": "--jp-content-link-color",
    "--pst-color-primary": "--jp-brand-color1",
    "--pst-color-secondary": "--jp-accent-color1",
    "--pst-color-success": "--jp-success-color1",
    "--pst-color-surface": "--jp-layout-color2",
    "--pst-color-text-base": "--jp-content-font-color1",
    "--pst-color-text-muted": "--jp-content-font-color2",
    "--pst-color-warning": "--jp-warn-color1",
}
DARK_PAGE, DARK_LAB = 'html[data-theme="dark"]', '[data-jp-theme-light="false"]'
# what JupyterLab calls to show a widget; arrow keys turn knobs here and do not leave the cell
RENDER = """
let widgets = 0;
export default {
  async render({ model, el, host }) {
    const given = JSON.parse(model.get("given"));
    widgets += 1;
    const element = make("div", {
      class: "live live-notebook", id: `live-${given.view}-${widgets}`, "data-live": given.view,
      "data-lm-suppress-shortcuts": "true",
    });
    el.append(element);
    await begin(element, given, async () => {
      const solver = await host.getModel(model.get("solver"));
      return URL.createObjectURL(new Blob([solver.get("script")], { type: "text/javascript" }));
    });
  },
};
"""


def style() -> str:
    """The style of live elements in the colours of JupyterLab."""
    colours = " ".join(f"{page}: var({lab});" for page, lab in THEME.items())
    plain = f".live-notebook {{ {colours} color: var(--jp-content-font-color1); }}\n"
    return plain + style_text().replace(DARK_PAGE, DARK_LAB)


class Solver(anywidget.AnyWidget):
    """The script of the solver, which the widgets of a kernel share. It shows nothing."""

    _esm: ClassVar[Any] = "export default {};"
    script = traitlets.Unicode().tag(sync=True)


class LiveWidget(anywidget.AnyWidget):
    """A live element. given: its data, the text of a JSON file. solver: the script it may ask."""

    _esm: ClassVar[Any] = module_text() + RENDER
    _css: ClassVar[Any] = style()
    given = traitlets.Unicode().tag(sync=True)
    solver = anywidget.WidgetTrait().tag(sync=True)


@cache
def shared_solver() -> Solver:
    """The one solver of a kernel."""
    return Solver(script=solver_text())


def widget(given: str) -> LiveWidget:
    """The widget that shows a live element.

    given: what the element is given, as `vppcore.pages.live.payload` writes it.
    """
    return LiveWidget(given=given, solver=shared_solver())


def show(given: str) -> None:
    """Shows a live element below the cell that runs."""
    from IPython.display import display

    display(widget(given))
