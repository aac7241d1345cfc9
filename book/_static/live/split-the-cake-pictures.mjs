// --- study A: split the cake: what is drawn ---------------------------------------------------------

const CAKE_MARKS = {
  contribution: ["◆", "by contribution"], equal: ["■", "equal"], energy: ["▲", "by energy"], Shapley: ["✚", "Shapley value"],
};
const CAKE_CORNERS = [[50, 330], [370, 330], [210, 53]]; // of the first, second and third VPP

const cakePlace = (shares) => [0, 1].map((axis) => sumOf(shares.map((share, k) => share * CAKE_CORNERS[k][axis])));

// shares of the saving at a place: the inverse of cakePlace
const cakeShares = ([x, y]) => {
  const [[x1, y1], [x2], [, y3]] = CAKE_CORNERS;
  const third = (y1 - y) / (y1 - y3);
  const second = (x - x1) / (x2 - x1) - third / 2;
  return [1 - second - third, second, third];
};

const cakePicture = (height, words, ...children) => {
  const drawn = picture(420, height, words, ...children);
  drawn.classList.add("live-small");
  return drawn;
};

// the part of a polygon of shares in which one VPP has at least (sign 1) or at most (-1) so much
const cakeClip = (polygon, k, limit, sign) => polygon.flatMap((here, n) => {
  const next = polygon[(n + 1) % polygon.length];
  const [one, other] = [here, next].map((shares) => sign * (shares[k] - limit));
  const cut = (one < 0) === (other < 0) ? [] : [here.map((share, axis) => share + (one / (one - other)) * (next[axis] - share))];
  return one < 0 ? cut : [here, ...cut];
});

const cakeArea = (polygon, more) => draws("path", { d: polygon.length ? `${path(polygon.map(cakePlace))}Z` : "", ...more });

// The triangle of weights with a point that is moved by hand or by arrow keys: `move` is told.
const cakeTriangle = (facts, names, move) => {
  const corners = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
  const under = draws("g");
  const hand = draws("g", { class: "handle", tabindex: 0, role: "slider", "aria-label": "point of weights, moved by arrow keys", "aria-valuemin": 0, "aria-valuemax": 1 },
    draws("circle", { r: 24, class: "touch" }), draws("circle", { r: 9, class: "here" }));
  const svg = draws("svg", { class: "live-picture live-small", viewBox: "0 0 420 372", role: "group" }, under, hand);
  let now = corners[0];
  const go = (shares) => {
    const kept = shares.map((share) => Math.max(share, 0));
    move(kept.map((share) => share / sumOf(kept)));
  };
  const stepped = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  hand.addEventListener("keydown", (event) => {
    const step = stepped[event.key];
    if (!step) return;
    event.preventDefault();
    go(cakeShares(cakePlace(now).map((place, axis) => place + 4 * step[axis])));
  });
  const follow = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    go(cakeShares([x, y]));
  };
  svg.addEventListener("click", follow);
  hand.addEventListener("pointerdown", (event) => { hand.setPointerCapture(event.pointerId); });
  hand.addEventListener("pointermove", (event) => { if (hand.hasPointerCapture(event.pointerId)) follow(event); });
  const show = ({ weights, gains, saving, chosen, payable }) => {
    now = weights;
    const core = facts.values.reduce((left, value, pair) => cakeClip(left, 2 - pair, 1 - value / saving, -1), corners);
    const paid = [0, 1, 2].reduce((left, k) => (
      cakeClip(cakeClip(left, k, payable.least[k] / saving, 1), k, payable.most[k] / saving, -1)
    ), corners);
    const [x, y] = cakePlace(weights);
    const [gx, gy] = cakePlace(gains.map((gain) => gain / saving));
    const marks = Object.entries(CAKE_MARKS).map(([rule, [sign]]) => {
      const [mx, my] = cakePlace(chosen.marks[rule]);
      return text(mx, my + 6, sign, { "text-anchor": "middle", class: "on" });
    });
    const labels = names.map((name, k) => text(CAKE_CORNERS[k][0], CAKE_CORNERS[k][1] + (k < 2 ? 24 : -12), `all to ${name}`,
      { "text-anchor": "middle" }));
    under.replaceChildren(cakeArea(core, { class: "core" }), cakeArea(paid, { class: "payable" }),
      cakeArea(corners, { class: "edge" }), ...labels, ...marks,
      line(x, y, gx, gy), draws("circle", { cx: gx, cy: gy, r: 13, class: "ring" }));
    hand.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
    const words = names.map((name, k) => `${name} ${said(weights[k], 3)}`).join(", ");
    hand.setAttribute("aria-valuenow", weights[0].toFixed(3));
    hand.setAttribute("aria-valuetext", words);
    svg.setAttribute("aria-label", `Triangle of weights, each corner all to one VPP; the point: ${words}.`);
  };
  return { element: svg, show, go };
};

// The sentences beside the triangle.
const cakeWords = (names, { split, honest, liar }, leaving) => {
  const key = "Shaded: the core, where nobody gains by leaving. Dashed: what prices in the band can pay for. "
    + "Full dot: the weights. Ring: what the VPPs gain in the end.";
  const who = leaving?.[0].includes(" and ") ? "by trading among themselves" : "alone";
  const stable = leaving
    ? `The ring is outside the core: ${leaving[0]} would leave, and gain ${said(leaving[1])} yuan more ${who}.`
    : "The ring is in the core: no VPP and no two of them would gain by leaving.";
  const band = split.bound
    ? "The price band binds: no prices inside it pay for the weights' split, and the VPPs get the best that they can."
    : `The price band leaves room. ${honest ? "By what is told" : "So"} each VPP gains its weight's share of the saving.`;
  if (!honest) return [key, `${stable} ${band}`];
  const changes = names.map((name, k) => {
    const more = split.gains[k] - honest.gains[k];
    return `${name} ${more < 0 ? "loses" : "gains"} ${said(Math.abs(more))}`;
  });
  const lie = `By what ${names[liar]} tells, ${said(split.deal.saving)} yuan are saved, and ${said(split.saving)} in truth. `
    + `Against an honest split ${changes.join(", ")} yuan.`;
  return [key, lie, `${stable} ${band}`];
};

// What each VPP gains; hollow: without the lie.
const cakeBars = (facts, names, { gains, saving }, honest) => {
  const [low, high] = [Math.min(0, ...gains), Math.max(...gains, ...(honest?.gains ?? []), 0.2 * saving)];
  const x = scale(low, high, 70, 330);
  const bar = (yuan, y, more) => draws("rect", { x: Math.min(x(0), x(yuan)), y, width: Math.abs(x(yuan) - x(0)), height: 20, ...more });
  const rows = names.flatMap((name, k) => {
    const y = 34 + 32 * k;
    const own = { style: `--own: ${facts.vpps[name]}` };
    return [text(60, y + 15, name, { "text-anchor": "end" }), bar(gains[k], y, { class: "full", ...own }),
      ...(honest ? [bar(honest.gains[k], y - 3, { class: "edge", height: 26 })] : []),
      text(Math.max(x(0), x(gains[k]), x(honest?.gains[k] ?? 0)) + 8, y + 15, said(gains[k]))];
  });
  const words = names.map((name, k) => `${name} ${said(gains[k])}`).join("; ");
  return cakePicture(132, `Gains, yuan a day: ${words}.`,
    text(4, 18, `Gains, yuan a day${honest ? " (outlined: without the lie)" : ""}`), ...rows, line(x(0), 28, x(0), 128));
};

// Who pays whom: an arrow for each pair, as wide as the amount.
const cakePaid = (facts, names, { amounts, saving }) => {
  const at = [[80, 200], [340, 200], [210, 62]];
  const most = Math.max(...amounts.map(Math.abs), 1e-9 * saving);
  const sent = CAKE_PAIRS.map(([i, j], pair) => (
    amounts[pair] >= 0 ? { from: i, to: j, yuan: amounts[pair] } : { from: j, to: i, yuan: -amounts[pair] }
  )).filter(({ yuan }) => yuan > 1e-4 * most);
  const arrows = sent.map(({ from, to, yuan }) => {
    const [[x1, y1], [x2, y2]] = [at[from], at[to]];
    const size = Math.hypot(x2 - x1, y2 - y1);
    const [ux, uy] = [(x2 - x1) / size, (y2 - y1) / size];
    const wide = 2 + 9 * (yuan / most);
    const [sx, sy, ex, ey] = [x1 + 34 * ux, y1 + 34 * uy, x2 - (36 + wide) * ux, y2 - (36 + wide) * uy];
    const head = [[ex - wide * uy, ey + wide * ux], [ex + (4 + wide) * ux, ey + (4 + wide) * uy], [ex + wide * uy, ey - wide * ux]];
    return draws("g", { style: `--own: ${facts.vpps[names[from]]}` }, line(sx, sy, ex, ey, { class: "flow", "stroke-width": wide }),
      draws("path", { d: `${path(head)}Z`, class: "full" }),
      text((sx + ex) / 2, (sy + ey) / 2 - (uy ? 0 : 12), said(yuan), { "text-anchor": "middle", class: "on" }));
  });
  const nodes = names.map((name, k) => draws("g", { style: `--own: ${facts.vpps[name]}` },
    draws("circle", { cx: at[k][0], cy: at[k][1], r: 30, class: "node" }),
    text(at[k][0], at[k][1] + 5, name, { "text-anchor": "middle" })));
  const words = sent.map(({ from, to, yuan }) => `${names[from]} pays ${said(yuan)} to ${names[to]}`).join("; ");
  return cakePicture(240, `Payments, yuan a day: ${words || "nobody pays anybody"}.`,
    text(4, 18, "Who pays whom for the trades, yuan a day"), ...arrows, ...nodes);
};

const CAKE_SIGNS = [(x, y) => `M${x - 4} ${y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`, (x, y) => `M${x - 4} ${y - 4}h8v8h-8Z`, (x, y) => `M${x} ${y - 5}l5 9h-10Z`];

// The prices of each pair by hour, in the grid's band.
const cakePrices = (facts, names, { prices, positions }) => {
  const { low, high, pairs } = facts;
  const steps = low.length;
  const [x, y] = [scale(0, steps, 46, 410), scale(Math.min(0, ...low), Math.max(...high), 196, 58)];
  const edge = (values) => values.flatMap((price, t) => [[x(t), y(price)], [x(t + 1), y(price)]]);
  const band = `${path([...edge(high), ...edge(low).reverse()])}Z`;
  const signs = prices.flatMap((hourly, pair) => hourly.flatMap((price, t) => (price === null ? [] : [
    draws("path", { d: CAKE_SIGNS[pair](x(t + 0.5), y(price)), class: "full live-two", style: cakeTone(pairs[pair]) })])));
  const legend = CAKE_PAIRS.flatMap(([i, j], pair) => [
    draws("path", { d: CAKE_SIGNS[pair](20 + 134 * pair, 37), class: "full live-two", style: cakeTone(pairs[pair]) }),
    text(30 + 134 * pair, 42, `${names[i]}, ${names[j]}`)]);
  const marks = ticks(Math.min(0, ...low), Math.max(...high));
  const scaled = marks.flatMap((price) => [text(40, y(price) + 5, said(price, digits(marks)), { "text-anchor": "end" })]);
  const where = CAKE_PAIRS.map(([i, j], pair) => `${names[i]} and ${names[j]} at ${said(positions[pair], 2)} of the half width`).join("; ");
  return cakePicture(248, `Prices between feed-in and purchase price, by step: ${where}.`,
    text(4, 18, "Prices of each pair in the band, yuan/kWh"), ...legend, draws("path", { d: band, class: "band" }), ...signs, ...scaled,
    ...axisBelow((step) => x(step), 0, steps, 200, "step", [46, 410]));
};

const cakeTone = ([light, dark]) => `--light: ${light}; --dark: ${dark}`;

const cakeTable = (facts, names, { chosen, payments, after, gains, weights }, liar) => {
  const head = ["yuan a day", ...names.map((name, k) => `${name}${k === liar ? " (lies)" : ""}`)];
  const money = { alone: facts.alone, "with trades": chosen.with_trades, pays: payments, after, gains };
  const rows = Object.entries(money).map(([name, yuan]) => [name, ...yuan.map((number) => said(number))]);
  return tableOf("These numbers as a table", head, [["weight", ...weights.map((weight) => said(weight, 3))], ...rows]);
};
