// --- study A: what the adversary's day does, in pictures ------------------------------------------------
// What each of some days costs beyond the ordinary one, as bars.
const beyondOrdinary = (rows) => {
  const most = Math.max(...rows.map(([, yuan]) => yuan), 1e-9);
  const x = scale(0, most, 200, 400);
  const amount = (yuan) => said(yuan, placesFor(most, 4));
  const words = rows.map(([label, yuan]) => `${label} ${amount(yuan)}`).join("; ");
  return picture(480, 40 + 26 * rows.length, `Cost beyond the ordinary day, yuan: ${words}.`,
    text(8, 16, "Cost beyond the ordinary day (yuan)"),
    ...rows.flatMap(([label, yuan, kind], k) => [
      text(192, 46 + 26 * k, label, { "text-anchor": "end" }),
      draws("rect", { x: 200, y: 33 + 26 * k, width: Math.max(0, x(yuan) - 200), height: 17, class: kind }),
      text(Math.max(200, x(yuan)) + 6, 46 + 26 * k, amount(yuan)),
    ]));
};

// One panel over the hours: this day as bars, the ordinary day as a line, grey where something is hit.
const answerPanel = (top, title, colour, ...series) => {
  const [here, ordinary, hit] = series.map((values) => Array.from(values));
  const [low, high] = [Math.min(0, ...here, ...ordinary), Math.max(0, ...here, ...ordinary)];
  const y = scale(low, high, top + 108, top + 32);
  const x = scale(0, here.length, 84, 472);
  const wide = x(1) - x(0);
  const places = digits([0, (high - low) / 10]);
  const ends = (high - low > 0 ? [low, high] : [0]).filter((value) => value === 0 || Math.abs(value) > 0.2 * (high - low));
  const steps = ordinary.flatMap((kw, k) => [[x(k), y(kw)], [x(k + 1), y(kw)]]);
  return draws("g", { style: `--own: ${colour}` },
    ...hit.map((k) => draws("rect", { x: x(k), y: top + 30, width: wide, height: 80, class: "band" })),
    text(8, top + 14, title),
    ...here.map((kw, k) => draws("rect", {
      x: x(k) + 1, y: Math.min(y(kw), y(0)), width: wide - 2, height: Math.abs(y(kw) - y(0)), class: "full",
    })),
    draws("path", { d: path(steps), class: "ordinary" }), line(84, y(0), 472, y(0)),
    ...ends.map((value) => text(78, y(value) + 5, said(value, places), { "text-anchor": "end" })));
};

const answerByHour = (facts, day, here, ordinary) => {
  const unit = stepWord(facts);
  const steps = facts.series[0].forecast.map((_, k) => k);
  const hit = steps.filter((k) => Object.values(day).some((each) => each.includes(k + 1)));
  const x = scale(0, steps.length, 84, 472);
  const marks = steps.filter((k) => k % Math.ceil(steps.length / 8) === 0);
  const most = here.outputs["from the grid"].reduce((best, kw, k, all) => (kw > all[best] ? k : best), 0);
  const peak = here.outputs["from the grid"][most];
  const words = `${facts.vpp} buys most in ${unit} ${most + 1}, ${said(peak, placesFor(peak, 4))} kW`;
  const panels = [
    ["From the grid (kW; below zero: sold)", facts.grid, "from the grid"],
    ["From stores (kW; below zero: charged)", facts.store, "from stores"],
  ];
  return picture(480, 412, `Answer to this day by ${unit}: ${words}.`,
    ...panels.map(([title, colour, name], k) => answerPanel(128 * k, title, colour, here.outputs[name], ordinary.outputs[name], hit)),
    answerPanel(256, "One more kWh costs (yuan)", "var(--pst-color-primary)", here.prices.kWh, ordinary.prices.kWh, hit),
    ...marks.map((k) => text((x(k) + x(k + 1)) / 2, 384, `${k + 1}`, { "text-anchor": "middle" })),
    text(278, 406, `${unit} (line: ordinary day; grey: hit)`, { "text-anchor": "middle" }));
};

const answerTable = (unit, { outputs, prices }) => {
  const shown = ["from the grid", "from stores"].map((name) => outputs[name]);
  const places = shown.map((values) => placesFor(Math.max(...Array.from(values, Math.abs)), 4));
  const rows = Array.from(prices.kWh, (price, k) => [
    `${k + 1}`, ...shown.map((values, column) => said(values[k], places[column])), said(price, 2),
  ]);
  return tableOf("These numbers as a table", [unit, "from the grid (kW)", "from stores (kW)", "one more kWh (yuan)"], rows);
};
