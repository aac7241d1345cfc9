// --- drawing: plain SVG, in the colours of the page ------------------------------------------------

const draws = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

const picture = (width, height, words, ...children) => draws("svg", {
  class: "live-picture", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words,
}, ...children);

const text = (x, y, words, more = {}) => draws("text", { x, y, ...more }, words);
const line = (x1, y1, x2, y2, more = {}) => draws("line", { x1, y1, x2, y2, class: "axis", ...more });

// from numbers to places: a scale from [low, high] to [start, end]
const scale = (low, high, start, end) => (value) => start + ((value - low) / (high - low || 1)) * (end - start);

// round numbers between two ends, about so many
const ticks = (low, high, count = 4) => {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((each) => each >= rough);
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step + 1e-9) + 1 }, (_, k) => first + k * step);
};

const digits = (values) => Math.max(0, Math.min(3, Math.ceil(-Math.log10(Math.abs(values[1] - values[0]) || 1))));

// A horizontal axis with its ticks and its name.
const axisBelow = (place, low, high, y, name, [start, end]) => {
  const marks = ticks(low, high);
  return [
    line(start, y, end, y),
    ...marks.map((value) => line(place(value), y, place(value), y + 4)),
    ...marks.map((value) => text(place(value), y + 18, said(value, digits(marks)), { "text-anchor": "middle" })),
    text((start + end) / 2, y + 41, name, { "text-anchor": "middle" }),
  ];
};

const path = (points) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// A table of numbers for those who do not see pictures, folded.
const tableOf = (title, head, rows) => {
  const cells = (row) => row.map((text, k) => make(k ? "td" : "th", k ? {} : { scope: "row" }, text));
  const header = make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map((row) => make("tr", {}, ...cells(row)));
  const table = make("table", {}, make("thead", {}, header), make("tbody", {}, ...body));
  // a table that is wider than a phone scrolls, by keyboard too
  const scrolls = make("div", { class: "live-scroll", role: "region", tabindex: "0", "aria-label": title }, table);
  return make("details", { class: "live-numbers" }, make("summary", {}, title), scrolls);
};
