// What a page of the book has to say, as a text for paper and e-books. The page is open and drawn.
// gather({page, pages, mathematics, deeper}) returns {title, text, solutions, styles}: well-formed XHTML.
//   page: the page's path below the book's folder; pages: the paths of all pages that are gathered
//   mathematics: "drawings" as the page shows them, or "MathML"
//   deeper: by how much its headings go down a level
(gathering) => {
  const { page, pages, mathematics, deeper } = gathering;
  const article = document.querySelector("article.bd-article");
  const XHTML = "http://www.w3.org/1999/xhtml";

  const slug = (path) => path.replace(/\.html$/, "").replaceAll("/", "-");
  const all = (selector, root = article) => [...root.querySelectorAll(selector)];
  const remove = (selector) => all(selector).forEach((part) => part.remove());

  // --- what only a screen can use --------------------------------------------------------------
  const ONLY_ON_A_SCREEN = [
    "script", "button", "noscript", "dialog", "form", ".answers", ".headerlink", ".only-dark", "picture > source", "input",
    ".toctree-wrapper", ".prev-next-footer",
    // what a page solves: on paper its twin stands there
    ".live",
    // the code of a study page: the notebooks have it
    ".cell_input",
  ].join(", ");

  // A fold is opened. Its line stays if it says more than that there is a fold.
  const openFolds = () => {
    for (const fold of all("details").reverse()) {
      const open = document.createElement("div");
      open.className = fold.className.replace(/\b(hide|toggle-details)\b/g, "").trim();
      const line = fold.querySelector(":scope > summary");
      if (line && !/^(show|hide) /i.test(line.textContent.trim())) {
        const said = document.createElement("p");
        said.className = "fold-line";
        said.append(...line.childNodes);
        open.append(said);
      }
      line?.remove();
      open.append(...fold.childNodes);
      fold.replaceWith(open);
    }
    for (const part of all(".toggle, .toggle-hidden, .dropdown, .tag_output_scroll")) {
      part.classList.remove("toggle", "toggle-hidden", "dropdown", "tag_output_scroll");
    }
  };

  const removeEmptyCells = () => {
    for (const cell of all(".cell")) if (!cell.textContent.trim() && !cell.querySelector("img, svg")) cell.remove();
  };

  // --- mathematics ------------------------------------------------------------------------------
  const asMathML = (item) => {
    const text = MathJax.startup.toMML(item.root);
    const math = new DOMParser().parseFromString(text, "application/xml").documentElement;
    for (const part of [math, ...math.querySelectorAll("*")]) {
      for (const { name } of [...part.attributes]) if (name.startsWith("data-") || name === "class") part.removeAttribute(name);
    }
    math.setAttribute("alttext", item.math.trim());
    return document.importNode(math, true);
  };

  const writeMathematics = () => {
    if (!window.MathJax?.startup?.document) return;
    for (const item of MathJax.startup.document.math) {
      if (!article.contains(item.typesetRoot)) continue;
      if (mathematics === "MathML") {
        item.typesetRoot.replaceWith(asMathML(item));
      } else {
        item.typesetRoot.querySelector("mjx-assistive-mml")?.remove();
        item.typesetRoot.setAttribute("aria-label", item.math.trim());
        item.typesetRoot.setAttribute("role", "img");
      }
    }
  };

  // Colours of pictures that a dark page would change: here they are the picture's own.
  const COLOUR = /var\(--picture-[0-9a-f]{6}, (#[0-9a-f]{6})\)/g;
  const keepColours = () => {
    for (const part of all("svg.picture, svg.picture *")) {
      const style = part.getAttribute("style");
      if (style?.includes("--picture-")) part.setAttribute("style", style.replace(COLOUR, "$1"));
    }
  };

  // --- names and links --------------------------------------------------------------------------
  const here = slug(page);
  const named = (name) => `${here}--${name}`;

  const nameUniquely = () => {
    const names = new Set();
    for (const part of all("[id]")) {
      if (names.has(part.id)) part.removeAttribute("id");
      else names.add(part.id);
    }
    for (const part of all("*")) {
      for (const attribute of [...part.attributes]) {
        const { name, value } = attribute;
        if (name === "id") part.setAttribute("id", named(value));
        else if (/^(aria-labelledby|aria-describedby|headers|for)$/.test(name)) {
          const there = value.split(/\s+/).filter((word) => names.has(word));
          if (there.length) attribute.value = there.map(named).join(" ");
          else part.removeAttribute(name);
        } else if (part.localName !== "a" && /^(xlink:)?href$/.test(name) && value.startsWith("#")) {
          attribute.value = "#" + named(value.slice(1));
        } else if (value.includes("url(")) {
          attribute.value = value.replace(/url\((['"]?)#/g, (found, quote) => `url(${quote}#${named("")}`);
        }
      }
    }
    for (const style of all("style")) {
      style.textContent = style.textContent.replace(/#([A-Za-z_][\w-]*)/g, (found, name) =>
        names.has(name) ? "#" + named(name) : found);
    }
  };

  // Links within the book lead to places of this text; files that lie beside the pages are not there.
  const folder = new URL(location.href.slice(0, location.href.indexOf(page)));
  const leadLinks = () => {
    for (const link of all("a[href]")) {
      const target = new URL(link.href ?? link.getAttribute("href"), location.href);
      if (target.protocol !== "file:") continue;
      const path = decodeURIComponent(target.pathname.slice(folder.pathname.length));
      if (pages.includes(path)) {
        const place = decodeURIComponent(target.hash.slice(1));
        link.setAttribute("href", "#" + slug(path) + (place && "--" + place));
        link.removeAttribute("title");
      } else {
        const words = document.createElement("span");
        words.className = "file";
        words.append(...link.childNodes);
        link.replaceWith(words);
      }
    }
    for (const image of all("img")) image.setAttribute("src", image.src);
  };

  // --- form -------------------------------------------------------------------------------------
  const lowerHeadings = () => {
    for (const heading of all("h1, h2, h3, h4, h5, h6")) {
      const level = Math.min(6, Number(heading.localName[1]) + deeper);
      const lower = document.createElement(`h${level}`);
      for (const { name, value } of heading.attributes) lower.setAttribute(name, value);
      lower.append(...heading.childNodes);
      heading.replaceWith(lower);
    }
  };

  const OLD_OR_IDLE = ["border", "align", "halign", "valign", "tabindex", "width", "height", "translate"];
  const dropIdleAttributes = () => {
    for (const part of all("table, tr, td, th, col, colgroup, pre, div, span, p, a, dt, dd, section, figure")) {
      if (part.namespaceURI === XHTML) OLD_OR_IDLE.forEach((name) => part.removeAttribute(name));
    }
    for (const style of all("style")) {
      style.removeAttribute("scoped");
      style.removeAttribute("type");
    }
  };

  const written = (node) => new XMLSerializer().serializeToString(node);

  const take = (selector) => {
    const taken = all(selector);
    taken.forEach((part) => part.remove());
    return taken.map(written).join("\n");
  };

  writeMathematics();
  remove(ONLY_ON_A_SCREEN);
  openFolds();
  removeEmptyCells();
  keepColours();
  leadLinks();
  nameUniquely();
  const title = article.querySelector("h1")?.textContent.trim() ?? "";
  lowerHeadings();
  dropIdleAttributes();
  const styles = mathematics === "MathML" ? all("style").filter((style) => !style.closest("svg")) : [];
  styles.forEach((style) => style.remove());
  return {
    title,
    solutions: take(".solution"),
    text: [...article.children].map(written).join("\n"),
    styles: styles.map((style) => style.textContent).join("\n"),
  };
}
