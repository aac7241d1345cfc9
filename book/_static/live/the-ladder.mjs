// --- study B: a carbon price in steps ----------------------------------------------------------------
// facts: vpp (whose day), levels (number of steps), steps and step_hours (of time).

const TONNE = 1000; // kg
const tonnesOf = (tonnes, finer = 0) => said(tonnes, Math.max(2, placesFor(tonnes, 3)) + finer);

// The price of the next tonne over the excess, as steps; the dot is where the VPP's day ends.
const steps = (facts, { carbon_price: price, interval, growth }, excess) => {
  const { vpp, levels } = facts;
  const [low, high] = [Math.min(-interval, 1.1 * excess), Math.max(levels * interval, 1.1 * excess)];
  const most = price * (1 + (levels - 1) * growth);
  const [x, y] = [scale(low, high, 84, 540), scale(0, most, 170, 40)];
  const corners = [[low, price]];
  for (let k = 1; k < levels; k += 1) {
    corners.push([k * interval, price * (1 + (k - 1) * growth)], [k * interval, price * (1 + k * growth)]);
  }
  corners.push([high, most]);
  const level = excess < 0 ? 0 : Math.min(levels - 1, Math.floor(excess / interval));
  const next = price * (1 + level * growth);
  const end = excess >= interval && Math.abs(excess / interval - Math.round(excess / interval)) < 1e-3;
  const place = end ? `at the end of step ${Math.round(excess / interval)}` : `on step ${level + 1}`;
  const words = `${vpp}'s day ends with ${tonnesOf(excess)} t beyond its quota, ${place}`;
  return picture(560, 220, `Price of the next tonne over the excess: ${words}.`,
    text(8, 16, `Price of the next tonne (yuan/t): ${place}`),
    draws("path", { d: path(corners.map(([t, yuan]) => [x(t), y(yuan)])), class: "curve" }),
    line(x(0), 40, x(0), 170, { "stroke-dasharray": "3 3" }),
    draws("circle", { cx: x(excess), cy: y(next), r: 6, class: "here" }),
    text(78, y(most) + 5, said(most), { "text-anchor": "end" }), text(78, y(0) + 5, "0", { "text-anchor": "end" }),
    ...axisBelow(x, low, high, 172, `excess over the quota (t ${lasts(facts)})`, [84, 540]));
};

// How the excess answers to the base price, the other two knobs as they are set.
const answers = (facts, curve, knob, price, excess) => {
  const values = curve.map(([, tonnes]) => tonnes);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.1 * (high - low || Math.abs(high) || 1);
  const [x, y] = [scale(0, knob.high, 84, 540), scale(low - room, high + room, 150, 34)];
  const words = `from ${tonnesOf(values[0])} t at the lowest price shown to ${tonnesOf(values.at(-1))} t at the highest`;
  return picture(560, 200, `Excess over the base price: ${words}.`,
    text(8, 16, `Excess (t ${lasts(facts)}) over the base price`),
    draws("path", { d: path(curve.map(([yuan, tonnes]) => [x(yuan), y(tonnes)])), class: "curve" }),
    draws("circle", { cx: x(price), cy: y(excess), r: 5, class: "here" }),
    text(78, y(high) + 5, tonnesOf(high), { "text-anchor": "end" }), text(78, y(low) + 5, tonnesOf(low), { "text-anchor": "end" }),
    ...axisBelow(x, 0, knob.high, 152, "base price (yuan/t)", [84, 540]));
};

views["the-ladder"] = (element, { problem, facts }) => {
  const parts = { steps: make("div"), words: make("p"), answers: make("div"), table: make("div") };
  element.append(...Object.values(parts));
  const swept = problem.again();
  const knob = problem.data.knobs.find(({ name }) => name === "carbon_price");
  const sweep = settled(300, (setting, excess) => {
    const prices = Array.from({ length: 11 }, (_, k) => knob.first + ((knob.high - knob.first) * k) / 10);
    const curve = prices.map((carbon_price) => {
      const found = swept.solve({ ...setting, carbon_price });
      return [carbon_price, found.status === "optimal" ? found.outputs.excess[0] / TONNE : NaN];
    }).filter(([, tonnes]) => Number.isFinite(tonnes));
    parts.answers.replaceChildren(answers(facts, curve, knob, setting.carbon_price, excess));
    const rows = curve.map(([yuan, tonnes]) => [said(yuan), tonnesOf(tonnes, 1)]);
    parts.table.replaceChildren(tableOf("These numbers as a table", ["base price (yuan/t)", `excess (t ${lasts(facts)})`], rows));
  });
  return (found, setting) => {
    const excess = found.outputs.excess[0] / TONNE;
    parts.steps.replaceChildren(steps(facts, setting, excess));
    parts.words.textContent = `${facts.vpp} pays ${said(found.outputs.carbon[0])} yuan ${lasts(facts)} for ${tonnesOf(excess)} t beyond its quota.`;
    sweep({ ...setting }, excess);
  };
};
