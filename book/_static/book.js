// The theme's widgets get names that say what they show, and the keyboard reaches whatever scrolls.
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
    letKeyboardScroll();
    new ResizeObserver(letKeyboardScroll).observe(document.body);
    // what was folded has no width before it is opened
    document.addEventListener("toggle", letKeyboardScroll, true);
  };

  nameButtons(); // the page is read: this script is deferred
  nameArrows();
  // another script puts drawings in the icons' place, now or later
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    new MutationObserver(nameButtons).observe(button, { childList: true });
  }
  window.addEventListener("load", letKeyboardScrollFromNowOn);
})();
