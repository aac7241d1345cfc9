// What a page does that axe does not look at: equations that are not drawn, contents that are cut.
// Loaded into each page by looking.py; window.probe() returns a list of {rule, element, said}.
(() => {
  const SLACK = 1.5; // CSS pixels: rounding of widths
  const DRAWN = "mjx-container > svg, img, svg, table, pre, input, button";
  // cells that are meant to use the margin beside the text, too
  const WIDE = ".tag_full-width, .full-width";

  // a path that finds the element again
  const name = (element) => {
    const parts = [];
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      const id = at.id && !/^MathJax|^mjx/.test(at.id) ? `#${CSS.escape(at.id)}` : "";
      const classes = [...at.classList].slice(0, 2).map((word) => `.${CSS.escape(word)}`).join("");
      parts.unshift(id || at.tagName.toLowerCase() + classes);
      if (id || parts.length === 4) break;
    }
    return parts.join(" > ");
  };

  const text = (element) => element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);

  // drawn, and not one of the texts that are meant for screen readers alone
  const visible = (element) => {
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 || box.height <= 1) return false;
    return !element.closest("mjx-assistive-mml, .sr-only, .visually-hidden, .skip-link");
  };

  const scrolls = (style) => /auto|scroll/.test(style.overflowX);
  const clips = (style) => /hidden|clip/.test(style.overflowX);

  // Where a box sticks out sideways without a way to see the rest; null if it does not. `holder` is
  // the innermost element that could cut or scroll it.
  const cut = (box, holder) => {
    let wide = false;
    for (let at = holder; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (scrolls(style)) return null;
      if (style.display === "inline") continue; // has no edge of its own
      const edge = at.getBoundingClientRect();
      const out = Math.max(box.right - edge.right, edge.left - box.left);
      if (clips(style) && out > SLACK) return `${Math.round(out)} px are cut off by ${name(at)}`;
      if (at.matches(WIDE)) wide = true;
      if (at.matches("article") && !wide && out > SLACK) return `sticks out of the text by ${Math.round(out)} px`;
    }
    const out = Math.max(box.right - document.documentElement.clientWidth, -box.left);
    return out > SLACK ? `sticks out of the window by ${Math.round(out)} px` : null;
  };

  const drawings = () => [...document.querySelectorAll(DRAWN)]
    .filter((element) => element.matches("mjx-container > svg") || !element.parentElement.closest("svg"))
    .filter(visible)
    .map((element) => ({ element, said: cut(element.getBoundingClientRect(), element.parentElement) }));

  const texts = () => {
    const found = new Map(); // element -> what is wrong with its text
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || found.has(element)) continue;
      if (element.closest("mjx-container, svg, script, style") || !visible(element)) continue;
      range.selectNodeContents(walker.currentNode);
      const said = cut(range.getBoundingClientRect(), element);
      if (said) found.set(element, said);
    }
    return [...found].map(([element, said]) => ({ element, said }));
  };

  const contents = () => [...drawings(), ...texts()]
    .filter(({ said }) => said)
    .map(({ element, said }) => ({ rule: "cut", element: name(element), said: `${said}: ${text(element)}` }));

  const page = () => {
    const root = document.scrollingElement;
    const more = root.scrollWidth - root.clientWidth;
    if (more <= SLACK) return [];
    return [{ rule: "cut", element: "html", said: `the page is ${more} px wider than the window` }];
  };

  // TeX between its delimiters, outside of code: MathJax has not seen it
  const TEX = /\\\(.+?\\\)|\\\[[\s\S]+?\\\]|\$[^$\s][^$]*\\[a-zA-Z]+[^$]*\$|\\begin\{\w+\*?\}/;
  const equations = () => {
    const found = [];
    for (const error of document.querySelectorAll("mjx-container [data-mjx-error], mjx-container mjx-merror, mjx-container [data-mml-node='merror']")) {
      const said = error.getAttribute("data-mjx-error") || text(error);
      found.push({ rule: "equation", element: name(error.closest("mjx-container").parentElement), said });
    }
    for (const place of document.querySelectorAll(".math")) {
      if (!place.querySelector("mjx-container") && text(place)) {
        found.push({ rule: "equation", element: name(place), said: `not drawn: ${text(place)}` });
      }
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      if (parent.closest("script, style, pre, code, textarea, mjx-container, .math")) continue;
      const raw = TEX.exec(walker.currentNode.data);
      if (raw) found.push({ rule: "equation", element: name(parent), said: `raw TeX: ${raw[0].slice(0, 60)}` });
    }
    return found;
  };

  window.probe = () => [...equations(), ...contents(), ...page()];

  window.linksAndTargets = () => ({
    links: [...document.querySelectorAll("a[href]")]
      .filter((link) => link.getAttribute("href") !== "#")
      .map((link) => ({ address: link.href, element: name(link), said: text(link) })),
    targets: [...document.querySelectorAll("[id], a[name]")].map((at) => at.id || at.name),
    equations: document.querySelectorAll("mjx-container > svg").length,
  });

  window.probeAxe = async (options) => {
    const { violations } = await axe.run({
      include: document,
      // the strokes of an equation's letters: its words for screen readers stand beside them
      exclude: ["mjx-container > svg"],
    }, options);
    return violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => ({
      rule: id,
      element: node.target.flat().join(" "),
      said: `${impact}: ${node.failureSummary.replace(/\s+/g, " ")}`,
    })));
  };
})();
