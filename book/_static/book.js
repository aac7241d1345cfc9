// The theme's widgets get names that say what they show, tables get a head of one row and columns wide
// enough for sentences, and the keyboard reaches whatever scrolls.
(() => {
  // The theme sees to code and tables itself, but only some time after a window has changed its size.
  const MAY_SCROLL = "div.math mjx-container, span.math, pre, .picture-frame, .cell_output > .output, .pst-scrollable-table-container";
  // long outputs have a window of their own, which scrolls down
  const SCROLLS_DOWN = ".tag_output_scroll > .cell_output";

  // A button's name must hold the words that it shows: "Search Ctrl+K".
  const nameButtons = () => {
    for (const button of document.querySelectorAll(".search-button-field")) {
      button.removeAttribute("aria-label");
    }
    // its three icons are of one button: the button's name tells what it does
    for (const icon of document.querySelectorAll(".theme-switch")) {
      icon.removeAttribute("title");
      icon.removeAttribute("aria-labelledby");
      icon.querySelector("title")?.remove();
      icon.setAttribute("aria-hidden", "true");
    }
  };

  // The arrow beside a chapter with pages below it: "Pages below The functions of vppcore".
  const nameArrows = () => {
    for (const arrow of document.querySelectorAll(".bd-links details > summary")) {
      const chapter = arrow.closest("li").querySelector("a");
      arrow.setAttribute("aria-label", `Pages below ${chapter.textContent.trim()}`);
    }
  };

  // The name of a table's rows stands in a second row of its head, beside empty cells; it belongs into
  // the corner, which is empty too.
  const joinHeads = () => {
    for (const name of document.querySelectorAll(".cell_output thead tr:nth-child(2):last-child > th:first-child")) {
      const below = name.parentElement;
      const corner = below.previousElementSibling.cells[0];
      const others = [...below.cells].slice(1);
      const isEmpty = (cell) => cell.textContent.trim() === "" && cell.colSpan === 1;
      if (!isEmpty(corner) || !others.every(isEmpty)) continue;
      corner.replaceWith(name);
      below.remove();
    }
  };

  // A column with sentences stands to the left and keeps room for several words in a line, where a phone
  // would leave one.
  const SENTENCE = 40; // letters
  const markSentences = () => {
    for (const body of document.querySelectorAll(".bd-article tbody")) {
      const rows = [...body.rows];
      const hasFormula = (cell) => cell.querySelector("pre, mjx-container, .math") !== null;
      const isSentence = (cell) => cell.textContent.trim().length >= SENTENCE && !hasFormula(cell);
      const sentences = [...body.querySelectorAll("td")].filter(isSentence);
      const columns = new Set(sentences.map((cell) => cell.cellIndex));
      for (const row of rows) {
        for (const column of columns) row.cells[column]?.classList.add("is-sentence");
      }
    }
  };

  // Words stand to the left, and so does the head of their column.
  const alignHeads = () => {
    for (const table of document.querySelectorAll(".cell_output table")) {
      const head = table.querySelectorAll("thead tr");
      const first = table.querySelector("tbody tr");
      if (head.length !== 1 || !first || head[0].cells.length !== first.cells.length) continue;
      [...first.cells].forEach((cell, column) => {
        if (getComputedStyle(cell).textAlign === "left") head[0].cells[column].classList.add("is-over-words");
      });
    }
  };

  // A formula within a line that is wider than the line. Its words for screen readers take room too,
  // so that only the drawing tells.
  const markWideFormulas = () => {
    for (const formula of document.querySelectorAll("span.math")) {
      const drawing = formula.querySelector("mjx-container > svg");
      const wide = drawing && drawing.getBoundingClientRect().width > formula.clientWidth + 1;
      formula.classList.toggle("is-wide", Boolean(wide));
    }
  };

  const letKeyboardScroll = () => {
    markWideFormulas();
    for (const part of document.querySelectorAll(MAY_SCROLL)) {
      const scrolls = /auto|scroll/.test(getComputedStyle(part).overflowX);
      if (scrolls && part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
    for (const output of document.querySelectorAll(SCROLLS_DOWN)) output.tabIndex = 0;
  };

  const letKeyboardScrollFromNowOn = async () => {
    await window.MathJax?.startup?.promise;
    alignHeads(); // the styles are there
    letKeyboardScroll();
    new ResizeObserver(letKeyboardScroll).observe(document.body);
    // what was folded has no width before it is opened
    document.addEventListener("toggle", letKeyboardScroll, true);
  };

  nameButtons(); // the page is read: this script is deferred
  nameArrows();
  joinHeads();
  markSentences();
  // another script puts drawings in the icons' place, now or later
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    new MutationObserver(nameButtons).observe(button, { childList: true });
  }
  window.addEventListener("load", letKeyboardScrollFromNowOn);
})();
