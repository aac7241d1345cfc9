// --- study A: who sends to whom, and why ------------------------------------------------------------
// facts: vpps (name -> colour), buy and sell (the grid's prices by step, yuan/kWh), steps and
// step_hours. What is called hour here is a step of any length; `stepWord` names it.

const hourSlider = (facts, place, move) => {
  const knob = { name: "hour", label: `${stepWord(facts)} that is shown`, unit: "", low: 1, high: facts.buy.length, step: 1 };
  return slider(knob, place, Math.round(facts.buy.length / 2), (_, hour) => move(hour));
};

// The price of a kWh at each bus in one hour: alone (hollow) and together (full), on the grid's band.
const band = (facts, hour, alone, together) => {
  const names = Object.keys(facts.vpps);
  const [sell, buy] = [facts.sell[hour], facts.buy[hour]];
  const all = names.flatMap((name) => [alone.prices[name][hour], together.prices[name][hour]]);
  const [low, high] = [Math.min(0, sell, ...all), Math.max(buy, ...all)];
  const x = scale(low, high, 70, 540);
  const rows = names.map((name, k) => {
    const y = 62 + 30 * k;
    const [before, after] = [alone.prices[name][hour], together.prices[name][hour]];
    const colour = { style: `--own: ${facts.vpps[name]}` };
    return draws("g", colour, text(8, y + 5, name), line(x(before), y, x(after), y, { class: "own" }),
      draws("circle", { cx: x(before), cy: y, r: 6, class: "hollow" }),
      draws("circle", { cx: x(after), cy: y, r: 6, class: "full" }));
  });
  const bottom = 56 + 30 * names.length;
  const words = names.map((name) => (
    `${name} ${said(alone.prices[name][hour], 2)} alone, ${said(together.prices[name][hour], 2)} together`
  )).join("; ");
  return picture(560, bottom + 44, `Price of a kWh in ${stepWord(facts)} ${hour + 1}, yuan: ${words}.`,
    draws("rect", { x: x(sell), y: 40, width: Math.max(1, x(buy) - x(sell)), height: bottom - 40, class: "band" }),
    text(8, 14, "What one more kWh is worth, yuan (hollow: alone)"),
    text(x(sell), 36, "feed-in", { "text-anchor": "middle" }), text(x(buy), 36, "purchase", { "text-anchor": "end" }),
    ...rows, ...axisBelow(x, low, high, bottom, "", [70, 540]));
};

// The VPPs as a triangle (or a ring) with an arrow for each pair, as wide as what flows in the hour.
const flows = (facts, hour, together) => {
  const names = Object.keys(facts.vpps);
  const middle = { x: 280, y: 120 };
  const at = Object.fromEntries(names.map((name, k) => {
    const angle = -Math.PI / 2 + (2 * Math.PI * k) / names.length;
    return [name, [middle.x + 190 * Math.cos(angle), middle.y + 88 * Math.sin(angle)]];
  }));
  const pairs = Object.entries(together.outputs).filter(([name]) => name.includes(" to "));
  const most = Math.max(...pairs.flatMap(([, kw]) => Array.from(kw, Math.abs)), 1e-9);
  const places = placesFor(most, 3);
  const sent = pairs.map(([name, kw]) => {
    const [from, to] = name.split(" to ");
    return kw[hour] >= 0 ? { from, to, kw: kw[hour] } : { from: to, to: from, kw: -kw[hour] };
  }).filter(({ kw }) => kw > 1e-4 * most);
  const arrows = sent.map(({ from, to, kw }) => {
    const [[x1, y1], [x2, y2]] = [at[from], at[to]];
    const [dx, dy] = [x2 - x1, y2 - y1];
    const size = Math.hypot(dx, dy);
    const [ux, uy] = [dx / size, dy / size];
    const wide = 2 + 12 * (kw / most);
    const [sx, sy, ex, ey] = [x1 + 34 * ux, y1 + 34 * uy, x2 - (36 + wide) * ux, y2 - (36 + wide) * uy];
    const head = [[ex - wide * uy, ey + wide * ux], [ex + (4 + wide) * ux, ey + (4 + wide) * uy], [ex + wide * uy, ey - wide * ux]];
    return draws("g", { style: `--own: ${facts.vpps[from]}` },
      line(sx, sy, ex, ey, { class: "flow", "stroke-width": wide }), draws("path", { d: `${path(head)}Z`, class: "full" }),
      text((sx + ex) / 2, (sy + ey) / 2 - wide / 2 - 5, `${said(kw, places)} kW`, { "text-anchor": "middle", class: "on" }));
  });
  const nodes = names.map((name) => draws("g", { style: `--own: ${facts.vpps[name]}` },
    draws("circle", { cx: at[name][0], cy: at[name][1], r: 30, class: "node" }),
    text(at[name][0], at[name][1] + 5, name, { "text-anchor": "middle" })));
  const words = sent.map(({ from, to, kw }) => `${from} sends ${said(kw, places)} kW to ${to}`).join("; ");
  return picture(560, 250, `In ${stepWord(facts)} ${hour + 1} ${words || "nobody sends anything"}.`, ...arrows, ...nodes);
};

// What each item of the bill falls by (right) or rises by (left) when the VPPs trade.
const savedBy = (facts, alone, together) => {
  const long = lasts(facts);
  const items = {};
  for (const name of Object.keys(alone.outputs).filter((each) => each.includes(": "))) {
    const item = name.split(": ")[1];
    items[item] = (items[item] ?? 0) + alone.outputs[name][0] - together.outputs[name][0];
  }
  const total = alone.cost - together.cost;
  const rows = Object.entries(items).filter(([, yuan]) => Math.abs(yuan) > 5e-3 * Math.max(total, 1e-9))
    .sort(([, one], [, other]) => other - one).concat([["saved in all", total]]);
  const yuanOf = (yuan) => said(yuan, placesFor(total, 3));
  const ends = [Math.min(0, ...rows.map(([, yuan]) => yuan)), Math.max(0, ...rows.map(([, yuan]) => yuan)) || 1];
  const x = scale(ends[0], ends[1], 260, 470);
  const bars = rows.flatMap(([item, yuan], k) => {
    const y = 30 + 24 * k;
    return [text(250, y + 14, item, { "text-anchor": "end" }),
      draws("rect", { x: Math.min(x(0), x(yuan)), y: y + 2, width: Math.abs(x(yuan) - x(0)), height: 16, class: item === "saved in all" ? "sum" : "part" }),
      text(Math.max(x(0), x(yuan)) + 6, y + 14, yuanOf(yuan))];
  });
  const words = rows.map(([item, yuan]) => `${item} ${yuanOf(yuan)}`).join("; ");
  return picture(560, 40 + 24 * rows.length, `Saved by trading, yuan ${long}: ${words}.`,
    text(8, 16, `Saved by trading, yuan ${long}, by item of the bill`), ...bars, line(x(0), 28, x(0), 34 + 24 * rows.length));
};

// The saving at other fees, all else as it is set; the dot is the setting.
const overFee = (facts, curve, here, knob) => {
  const points = [...curve, here].sort(([one], [other]) => one - other);
  const most = Math.max(...points.map(([, yuan]) => yuan), 1e-9);
  const mostSaid = said(most, placesFor(most, 3));
  const [x, y] = [scale(knob.low, knob.high, 84, 540), scale(0, most, 150, 34)];
  const ends = points.find(([, yuan]) => yuan <= 1e-6 * most);
  const words = ends ? `trade ends at a fee of about ${said(ends[0], 2)} yuan/kWh` : "trade pays at every fee shown";
  return picture(560, 200, `Saving over the crossing fee: ${mostSaid} yuan at most; ${words}.`,
    text(8, 16, `Saving, yuan ${lasts(facts)}, over the crossing fee`),
    draws("path", { d: path(points.map(([fee, yuan]) => [x(fee), y(yuan)])), class: "curve" }),
    draws("circle", { cx: x(here[0]), cy: y(here[1]), r: 5, class: "here" }),
    text(78, y(most) + 5, mostSaid, { "text-anchor": "end" }), text(78, y(0) + 5, "0", { "text-anchor": "end" }),
    ...axisBelow(x, knob.low, knob.high, 152, "crossing fee, each side (yuan/kWh)", [84, 540]));
};

const FEES = 13; // points of the curve

views["who-sends-to-whom"] = (element, { problem, facts, place }) => {
  // problems of their own: each starts from where it was last
  const [apart, swept] = [problem.again(), problem.again()];
  const parts = { alone: make("p"), band: make("div"), flows: make("div"), saved: make("div"), fee: make("div"), table: make("div") };
  const fee = problem.data.knobs.find(({ name }) => name === "crossing_fee");
  let hour = Math.round(facts.buy.length / 2) - 1;
  let last;
  const byHour = () => {
    parts.band.replaceChildren(band(facts, hour, last.alone, last.together));
    parts.flows.replaceChildren(flows(facts, hour, last.together));
  };
  const hours = hourSlider(facts, place, (value) => { hour = value - 1; byHour(); });
  const own = [parts.saved, hours.element, parts.band, parts.flows, parts.fee, parts.table];
  element.append(parts.alone, ...own);
  const sweep = settled(250, (alone, together, setting) => {
    const fees = Array.from({ length: FEES }, (_, k) => fee.low + ((fee.high - fee.low) * k) / (FEES - 1));
    const curve = fees.map((crossing_fee) => {
      const found = swept.solve({ ...setting, crossing_fee });
      return [crossing_fee, found.status === "optimal" ? alone.cost - found.cost : NaN];
    }).filter(([, yuan]) => Number.isFinite(yuan));
    parts.fee.replaceChildren(overFee(facts, curve, [setting.crossing_fee, alone.cost - together.cost], fee));
  });
  return (together, setting) => {
    const alone = apart.solve({ ...setting, trade_limit: 0 });
    parts.alone.textContent = alone.status === "optimal" ? "" : `Without trade: ${proofOf(alone, facts)}`;
    for (const part of own) part.hidden = alone.status !== "optimal";
    if (alone.status !== "optimal") return;
    last = { alone, together };
    parts.saved.replaceChildren(savedBy(facts, alone, together));
    byHour();
    const rows = Object.keys(facts.vpps).map((name) => [name, said(alone.prices[name][hour], 2), said(together.prices[name][hour], 2)]);
    parts.table.replaceChildren(tableOf("These numbers as a table", ["VPP", "price alone (yuan/kWh)", "together"], rows));
    sweep(alone, together, { ...setting });
  };
};
