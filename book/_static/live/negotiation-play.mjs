// --- stepping through talks: buttons, a slider of rounds, curves over the rounds --------------------

const BEAT = 450; // ms between two rounds that are played

// Steps and plays through rounds. `draw(place, playing)` is told which one is shown; `set(rounds, at)`
// gives it new ones. Nothing moves before "play" is pressed; a picture follows another without easing.
const roundPlayer = (name, draw) => {
  let [rounds, at, timer] = [[1], 0, null];
  const shown = make("output", { for: `${name}-round` });
  const input = make("input", {
    type: "range", id: `${name}-round`, name: "round", min: 1, step: 1,
    oninput: () => { stop(); go(input.valueAsNumber - 1); },
  });
  const go = (place) => {
    at = Math.max(0, Math.min(rounds.length - 1, place));
    const words = `${said(rounds[at])} of ${said(rounds.at(-1))}`;
    input.value = at + 1;
    input.setAttribute("aria-valuetext", words);
    shown.textContent = words;
    draw(at, timer !== null);
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "play";
  };
  // many rounds that say little are passed in larger steps
  const beat = () => {
    const next = at + Math.max(1, Math.floor(at / 8));
    if (next >= rounds.length - 1) stop();
    go(next);
  };
  const button = (words, action) => make("button", { type: "button", onclick: action }, words);
  const play = button("play", () => {
    if (timer !== null) { stop(); go(at); return; }
    timer = setInterval(beat, BEAT);
    play.textContent = "pause";
    go(at === rounds.length - 1 ? 0 : at);
  });
  const moved = (words, place) => button(words, () => { stop(); go(place()); });
  const buttons = make("div", { class: "live-buttons" },
    moved("back", () => at - 1), moved("step", () => at + 1), play, moved("to the end", () => rounds.length - 1));
  const label = make("label", { for: input.id }, "round of the talks");
  return {
    element: make("div", { class: "live-rounds" }, make("div", { class: "live-slider" }, label, input, shown), buttons),
    set: (all, place) => { stop(); rounds = all; input.max = all.length; go(place); },
    at: () => at,
  };
};

// --- pictures of talks: two stand side by side where there is room ----------------------------------
const TALK = { width: 360, left: 62, right: 340, top: 50, bottom: 180, height: 228 };
const PLAIN = "var(--pst-color-primary)";
const MUTED = "var(--pst-color-text-muted)";
const INK = "var(--pst-color-text-base)";

const raised = (power) => `10${Array.from(String(power), (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("")}`;

// Ticks of powers of ten between two powers, thinned, and what they are called.
const powerTicks = (low, high) => {
  const [first, last] = [Math.ceil(low - 1e-9), Math.floor(high + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first) / 4));
  const shown = Array.from({ length: Math.max(0, Math.floor((last - first) / every)) + 1 }, (_, k) => first + k * every);
  return shown.map((power) => [power, Math.abs(power) < 4 && power >= 0 ? said(10 ** power) : raised(power)]);
};

// Round numbers between two ends, as said with enough places.
const marksOf = (low, high, places = 0) => {
  const shown = ticks(low, high, 4);
  return shown.map((value) => [value, said(value, Math.max(places, digits(shown)))]);
};

const marksLeft = (y, values) => values.flatMap(([value, name]) => [
  line(TALK.left - 4, y(value), TALK.left, y(value)), text(TALK.left - 8, y(value) + 5, name, { "text-anchor": "end" }),
]);

const marksBelow = (x, values, name) => [
  line(TALK.left, TALK.bottom + 2, TALK.right, TALK.bottom + 2),
  ...values.flatMap(([value, words]) => [
    line(x(value), TALK.bottom + 2, x(value), TALK.bottom + 6), text(x(value), TALK.bottom + 21, words, { "text-anchor": "middle" }),
  ]),
  text((TALK.left + TALK.right) / 2, TALK.bottom + 42, name, { "text-anchor": "middle" }),
];

// Rounds from left to right: linear for a few, else logarithmic. { x, marks }
const roundAxis = (last) => {
  const few = last <= 60;
  const { left, right } = TALK;
  const x = few ? scale(1, last, left, right) : (round) => left + ((right - left) * Math.log10(round)) / Math.log10(last);
  const powers = Array.from({ length: 6 }, (_, k) => 10 ** k).filter((round) => round <= last);
  const shown = few ? [1, ...ticks(2, last).filter(Number.isInteger)] : powers;
  return { x, marks: marksBelow(x, shown.map((round) => [round, said(round)]), few ? "round" : "round (logarithmic)") };
};

// What curves are called: a piece of each line and its name.
const legendOf = (curves) => {
  const wide = (TALK.width - 8) / Math.max(2, curves.length);
  return curves.map(({ name, colour, dash }, k) => draws("g", { style: `--own: ${colour}` },
    line(8 + wide * k, 34, 30 + wide * k, 34, { class: "talk", "stroke-dasharray": dash ?? "none" }), text(35 + wide * k, 39, name)));
};

// Curves over the rounds: faint as a whole, strong up to the round that is shown, with a dot there.
// curves: [{ name, values, colour, dash }]; level: [value, words] drawn across; power: a log axis.
const overRounds = ({ title, words, rounds, at, curves, level = null, power = false, places = 0 }) => {
  const number = (value) => (value === null || (power && value <= 0) ? NaN : power ? Math.log10(value) : value);
  const seen = curves.flatMap(({ values }) => values.map(number)).filter(Number.isFinite);
  if (level) seen.push(level[0]);
  let [low, high] = [Math.min(...seen), Math.max(...seen)];
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  [low, high] = [low - room, high + room];
  const [y, { x, marks }] = [scale(low, high, TALK.bottom, TALK.top), roundAxis(rounds.at(-1))];
  const values = power ? powerTicks(low, high) : marksOf(low, high, places);
  const drawn = curves.flatMap(({ values: all, colour, dash }) => {
    const points = all.map((value, k) => [x(rounds[k]), y(number(value)), k]).filter(([, height]) => Number.isFinite(height));
    const past = points.filter(([, , k]) => k <= at);
    const own = { style: `--own: ${colour}`, "stroke-dasharray": dash ?? "none" };
    const here = points.filter(([, , k]) => k === at);
    return [draws("path", { d: path(points), class: "talk faint", ...own }), draws("path", { d: path(past), class: "talk", ...own }),
      ...here.map(([cx, cy]) => draws("circle", { cx, cy, r: 5, class: "full", style: own.style }))];
  });
  const across = level ? [line(TALK.left, y(level[0]), TALK.right, y(level[0]), { "stroke-dasharray": "2 4" }),
    text(TALK.right, y(level[0]) - 6, level[1], { "text-anchor": "end", class: "on" })] : [];
  return picture(TALK.width, TALK.height, `${title}: ${words}.`, text(8, 16, title), ...(curves.length > 1 ? legendOf(curves) : []),
    ...marksLeft(y, values), ...across, ...drawn, ...marks);
};

// The four pictures that live talks and recorded ones share. places: [kW, yuan], digits behind the
// point; best: { trade }, of a closed form; prices: more curves beside the multiplier.
const talkPictures = ({ names, colours, rounds, at, first, second, multiplier, upper, lower }, [kw, yuan], { best = null, prices = [] } = {}) => {
  const gap = upper.map((above, k) => (above === null || lower[k] === null ? NaN : above - lower[k]));
  const now = (values, places = 0) => (values[at] === null ? "unknown" : said(values[at], places));
  const common = { rounds, at };
  return [
    overRounds({ ...common, title: "The trade as each expects it (kW)",
      words: `in round ${said(rounds[at])} ${wishOf(names[0], first[at], kw)}, ${wishOf(names[1], -second[at], kw)}`,
      level: best && [best.trade, "best"],
      curves: [{ name: `${names[0]} receives`, values: first, colour: colours[0] }, { name: `${names[1]} sends`, values: second, colour: colours[1], dash: "7 4" }] }),
    overRounds({ ...common, title: "The multiplier, a price (yuan/kWh)", places: 2,
      words: `after round ${said(rounds[at])} it is ${now(multiplier, 3)}`,
      curves: [...prices, { name: "multiplier", values: multiplier, colour: INK }] }),
    overRounds({ ...common, title: "What it costs: at most, and at least (yuan)",
      words: `after round ${said(rounds[at])} at most ${now(upper, yuan)}, at least ${now(lower, yuan)}`,
      curves: [{ name: "upper bound", values: upper, colour: PLAIN }, { name: "lower bound", values: lower, colour: MUTED, dash: "7 4" }] }),
    overRounds({ ...common, title: "Distance of the bounds (yuan, logarithmic)", power: true,
      words: `after round ${said(rounds[at])} ${Number.isFinite(gap[at]) ? said(gap[at], yuan) : "unknown"}`,
      curves: [{ name: "distance", values: gap, colour: PLAIN }] }),
  ];
};

// What a side would like, in words: receive, or send where the number is below zero.
const wishOf = (name, kw, places) => {
  const amount = said(Math.abs(kw), places);
  return `${name} expects to ${kw < 0 && /[1-9]/.test(amount) ? "send" : "receive"} ${amount} kW`;
};
