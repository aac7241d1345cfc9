// --- study A: split the cake ------------------------------------------------------------------------
// facts: vpps (name -> colour), pairs (colours on a light and a dark page), hours (of a step), low and
// high (the price band by step, yuan/kWh), alone (costs), deals (optimal trades: name, with_trades,
// trades in kW by pair, marks), lower (a bound on the joint cost), values (what each pair saves).
// Everything is divided here by closed forms; vppcore/bargaining/ says why they hold.

const CAKE_PAIRS = [[0, 1], [0, 2], [1, 2]]; // the third VPP of each pair is 2, 1, 0
const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
const within = (low, high, value) => Math.min(high, Math.max(low, value));

// what each VPP pays if the first of each pair pays so much to the second
const paidBy = (amounts) => CAKE_PAIRS.reduce((paid, [i, j], pair) => {
  paid[i] += amounts[pair];
  paid[j] -= amounts[pair];
  return paid;
}, [0, 0, 0]);

const cakeWeights = ({ first_weight: first, second_share: share }) => (
  [first, (1 - first) * share, (1 - first) * (1 - share)]
);

// The deal by what is told: costs, the payments of mid-market prices, and by how much prices in the
// band can move them.
const cakeDeal = (facts, chosen, liar, understated) => {
  const { low, high, hours, alone } = facts;
  const mid = low.map((price, t) => (price + high[t]) / 2);
  const half = low.map((price, t) => (high[t] - price) / 2);
  const atMid = chosen.trades.map((kw) => hours * sumOf(kw.map((power, t) => power * mid[t])));
  const room = chosen.trades.map((kw) => hours * sumOf(kw.map((power, t) => Math.abs(power) * half[t])));
  const paid = paidBy(atMid);
  const before = alone.map((cost, k) => cost - (k === liar ? understated : 0) - chosen.with_trades[k]);
  const gainsAtMid = before.map((saved, k) => saved - paid[k]);
  const reach = [0, 1, 2].map((k) => sumOf(room.filter((_, pair) => CAKE_PAIRS[pair].includes(k))));
  return {
    mid, half, atMid, room, gainsAtMid, saving: sumOf(before),
    least: gainsAtMid.map((gain, k) => gain - reach[k]),
    most: gainsAtMid.map((gain, k) => gain + reach[k]),
  };
};

// The gains of the largest weighted product: each VPP has its weight times one number, but no less
// and no more than prices in the band can give it.
const cakeGains = ({ saving, least, most }, weights) => {
  const at = (unit) => weights.map((weight, k) => within(least[k], most[k], weight * unit));
  let [low, high] = [0, Math.max(saving, ...most.map((gain, k) => gain / weights[k]))];
  if (at(saving).every((gain, k) => gain === weights[k] * saving)) return at(saving);
  for (let halving = 0; halving < 100; halving += 1) {
    const unit = (low + high) / 2;
    if (sumOf(at(unit)) < saving) low = unit;
    else high = unit;
  }
  return at(high);
};

// What the first of each pair pays to the second beyond mid-market prices, so that these gains come
// out: nearest to mid-market (each VPP has a potential), and moved around the triangle as far as the
// band asks.
const cakeMoved = ({ gainsAtMid, room }, gains) => {
  const [due, other] = gainsAtMid.map((gain, k) => gain - gains[k]);
  const [a, b, c] = room;
  const size = (a + b) * (a + c) - a * a;
  const [first, second] = [((a + c) * due + a * other) / size, ((a + b) * other + a * due) / size];
  const moved = [a * (first - second), b * first, c * second];
  const around = [1, -1, 1];
  const ends = moved.map((yuan, pair) => [-room[pair], room[pair]].map((end) => around[pair] * (end - yuan)));
  const least = Math.max(...ends.map((pair) => Math.min(...pair)));
  const most = Math.min(...ends.map((pair) => Math.max(...pair)));
  const shift = least > most ? (least + most) / 2 : within(least, most, 0);
  return moved.map((yuan, pair) => yuan + around[pair] * shift);
};

// By how much the logarithm of the weighted product could at most be larger, at any gains that prices
// in the band can make: along its slope, all that can be moved is given to the steepest first.
const cakeSlope = ({ saving, least, most }, weights, gains) => {
  const slopes = weights.map((weight, k) => weight / gains[k]);
  let left = saving - sumOf(least);
  let best = 0;
  for (const k of [0, 1, 2].sort((i, j) => slopes[j] - slopes[i])) {
    const given = within(0, most[k] - least[k], left);
    left -= given;
    best += slopes[k] * (least[k] + given - gains[k]);
  }
  return Math.max(0, best);
};

// All that follows from a setting.
const cakeSplit = (facts, setting, understated = setting.understated) => {
  const chosen = facts.deals[setting.trades ?? 0];
  const weights = cakeWeights(setting);
  const deal = cakeDeal(facts, chosen, setting.liar, understated);
  const told = cakeGains(deal, weights);
  const moved = cakeMoved(deal, told);
  const positions = moved.map((yuan, pair) => (deal.room[pair] > 0 ? yuan / deal.room[pair] : 0));
  const amounts = moved.map((yuan, pair) => yuan + deal.atMid[pair]);
  const payments = paidBy(amounts);
  const after = chosen.with_trades.map((cost, k) => cost + payments[k]);
  const gains = facts.alone.map((cost, k) => cost - after[k]);
  const prices = chosen.trades.map((kw, pair) => kw.map((power, t) => (
    power ? deal.mid[t] + positions[pair] * Math.sign(power) * deal.half[t] : null
  )));
  const bound = told.some((gain, k) => Math.abs(gain - weights[k] * deal.saving) > 1e-4 * deal.saving);
  const saving = sumOf(facts.alone) - sumOf(chosen.with_trades);
  const slope = cakeSlope(deal, weights, told);
  const payable = cakeDeal(facts, chosen, setting.liar, 0); // what prices truly can do
  return { chosen, weights, deal, payable, told, amounts, payments, after, gains, positions, prices, bound, saving, slope };
};

// Who would leave: what each pair, and each VPP, could have without the others, less what it gains.
const cakeLeaving = (facts, names, { gains, saving }) => {
  const pairs = CAKE_PAIRS.map(([i, j], pair) => [`${names[i]} and ${names[j]}`, facts.values[pair] - gains[i] - gains[j]]);
  const single = names.map((name, k) => [name, -gains[k]]);
  const all = [...pairs, ...single].sort(([, one], [, other]) => other - one);
  return all[0][1] > 1e-6 * saving ? all[0] : null;
};

// The notebook's parameters of a setting.
const cakeCommand = (facts, names, setting) => {
  const { name, marks } = facts.deals[setting.trades ?? 0];
  const weights = cakeWeights(setting);
  const rule = ["contribution", "equal", "energy"].find((each) => (
    marks[each].every((weight, k) => Math.abs(weight - weights[k]) < 1e-9)
  ));
  const numbers = weights.map((weight) => Number(weight.toFixed(6))).join(" ");
  const quoted = (words) => (words.includes(" ") ? `'${words}'` : words);
  const values = [`trades=${quoted(name)}`, `weights=${rule ?? `'${numbers}'`}`];
  if (setting.understated) values.push(`liar=${quoted(names[setting.liar])}`, `understated=${setting.understated}`);
  return `make run NB=bargaining P="${values.join(" ")}"`;
};

const cakeProof = (names, { split, liar, cost, lower }) => {
  const loser = names.find((_, k) => split.gains[k] < -1e-6 * split.saving);
  const none = loser ? `${loser} loses by its own lie` : "nobody loses";
  const all = `The gains add up to ${said(sumOf(split.gains), 2)} yuan, the whole saving, and ${none}.`;
  const product = liar === null ? "product of gains" : "product of the gains that are told";
  const where = split.bound ? "no split that prices in the band pay for" : "no other split of the saving";
  const proved = split.slope < 1e-9 ? "its logarithm is concave, and rises in no direction"
    : `by ${said(100 * Math.expm1(split.slope), 4)} per cent at most`;
  const apart = Math.abs(cost - lower) < 0.005 ? "" : `, which is ${said(cost - lower, 2)} yuan less`;
  return `${all} With these weights ${where} has a larger ${product} (${proved}). `
    + `After payments the VPPs pay ${said(cost, 2)} yuan together; no schedule costs less than ${said(lower, 2)}${apart}, `
    + "as was proved when the book was made.";
};

views["split-the-cake"] = (element, { facts, knobs, setting, turn }) => {
  const names = Object.keys(facts.vpps);
  const whole = (text) => make("p", {}, text);
  const triangle = cakeTriangle(facts, names, (weights) => {
    const ends = knobs.find(({ name }) => name === "first_weight");
    const kept = (value) => within(ends.low, ends.high, value);
    turn("first_weight", kept(weights[0]));
    turn("second_share", kept(weights[1] / Math.max(weights[1] + weights[2], 1e-12)));
  });
  const rules = Object.entries(CAKE_MARKS).map(([rule, [sign, words]]) => make("button", {
    type: "button", onclick: () => triangle.go(facts.deals[setting.trades ?? 0].marks[rule]),
  }, `${sign} ${words}`));
  const parts = { words: make("div"), gains: make("div"), paid: make("div"), prices: make("div"), table: make("div") };
  element.append(make("div", { class: "live-buttons", role: "group", "aria-label": "weights by a rule" }, ...rules),
    triangle.element, ...Object.values(parts));
  const solve = (values) => {
    const started = performance.now();
    const split = cakeSplit(facts, values);
    const honest = values.understated ? cakeSplit(facts, values, 0) : null;
    return {
      status: "optimal", cost: sumOf(split.after), lower: facts.lower, ms: performance.now() - started,
      split, honest, liar: honest ? values.liar : null,
    };
  };
  const draw = (found) => {
    const { split, honest, liar } = found;
    for (const name of ["gains", "payments", "amounts", "positions"]) element.dataset[name] = JSON.stringify(split[name]);
    triangle.show(split);
    parts.words.replaceChildren(...cakeWords(names, found, cakeLeaving(facts, names, split)).map(whole));
    parts.gains.replaceChildren(cakeBars(facts, names, split, honest));
    parts.paid.replaceChildren(cakePaid(facts, names, split));
    parts.prices.replaceChildren(cakePrices(facts, names, split));
    parts.table.replaceChildren(cakeTable(facts, names, split, liar));
  };
  return { solve, draw, proof: (found) => cakeProof(names, found), command: (values) => cakeCommand(facts, names, values) };
};
