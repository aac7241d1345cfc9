// Fits what is wider than the column of a printed page into it, and keeps together what fits on one page.
// The page is laid out as for print, as wide as the column. fit(height) takes the column's height in CSS pixels.
(height) => {
  const column = document.querySelector(".whole-book").getBoundingClientRect();
  const ROOM_FOR_ROUNDING = 0.99;
  // a picture leaves room for its caption
  const TALLEST = 0.85 * height;
  const WIDE = "mjx-container > svg, table, img, svg.picture";

  const shrink = (part) => {
    const box = part.getBoundingClientRect();
    const room = column.right - box.left;
    const wanted = Math.max(box.width, part.scrollWidth || 0);
    const share = Math.min(room / wanted, part.localName === "table" ? 1 : TALLEST / box.height);
    if (share > 0.999) return;
    if (part.localName === "table") {
      part.style.zoom = share * ROOM_FOR_ROUNDING;
    } else {
      part.style.width = `${box.width * share * ROOM_FOR_ROUNDING}px`;
      part.style.height = `${box.height * share * ROOM_FOR_ROUNDING}px`;
      part.style.minWidth = 0;
    }
  };

  document.querySelectorAll(WIDE).forEach(shrink);
  for (const part of document.querySelectorAll("figure, table, .cell_output > .output, .admonition, div.math, pre")) {
    const most = part.matches("figure, .admonition") ? 0.95 : 0.45;
    part.classList.toggle("in-one-piece", part.getBoundingClientRect().height < most * height);
  }
}
