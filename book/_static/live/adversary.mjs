// --- study A: be the adversary -----------------------------------------------------------------------
// facts: vpp; steps; step_hours; series [{ name, label, rises, forecast }], kW by step; worst [{ level, deviation, cost,
// bound, budgets, hits }], yuan and steps from 1; grid and store (colours).
// The problem's knobs are sizes of hits; a reader's are 0 or 1 for each, and the size of all.

const ALIKE = 1e-6; // of a cost: two days cost the same

const hitName = (series, step) => `${series}_${step}`;

// the steps that are hit, series by series
const dayIn = ({ series }, setting) => Object.fromEntries(series.map(({ name, forecast }) => [
  name, forecast.map((_, k) => k + 1).filter((step) => setting[hitName(name, step)] > 0.5),
]));

const hitsIn = (day) => Object.values(day).reduce((sum, steps) => sum + steps.length, 0);

// a day as a setting of the problem
const sizesOf = (problem, day, deviation) => {
  const sizes = Object.fromEntries(problem.data.knobs.map(({ name }) => [name, 0]));
  for (const [name, steps] of Object.entries(day)) {
    for (const step of steps) sizes[hitName(name, step)] = deviation;
  }
  return sizes;
};

const worstOf = ({ worst }, { level, deviation }) => worst.find((day) => (
  day.level === Math.round(level) && Math.abs(day.deviation - deviation) < 1e-6
));

// Costs of days, each asked once.
const remembered = (problem) => {
  const known = new Map();
  return (day, deviation) => {
    const key = JSON.stringify([day, deviation]);
    if (!known.has(key)) known.set(key, problem.solve(sizesOf(problem, day, deviation)).cost);
    return known.get(key);
  };
};

// --- two ways to look at hits one by one -------------------------------------------------------------
const oneHit = (name, step) => ({ [name]: [step] });

// what the hits of a day would add if each came alone
const addedOneByOne = (costOf, day, deviation) => {
  const ordinary = costOf({}, deviation);
  const alone = Object.entries(day).flatMap(([name, steps]) => (
    steps.map((step) => costOf(oneHit(name, step), deviation) - ordinary)
  ));
  return alone.reduce((sum, yuan) => sum + yuan, 0);
};

// of each series the hours that are dearest alone, as many as the budget allows
const firstGuess = (costOf, { series }, { budgets, deviation }) => {
  const ordinary = costOf({}, deviation);
  return Object.fromEntries(series.map(({ name, forecast }) => {
    const worths = forecast.map((_, k) => [k + 1, costOf(oneHit(name, k + 1), deviation) - ordinary])
      .filter(([, yuan]) => yuan > 1e-9 * Math.abs(ordinary))
      .sort(([, one], [, other]) => other - one).slice(0, budgets[name] ?? 0);
    return [name, worths.map(([step]) => step).sort((one, other) => one - other)];
  }));
};

// --- the board: a row of buttons for each series ------------------------------------------------------
// `flip(series, step)` is told of a press. Arrow keys move, as on a board; one button is in the order of tabs.
const hitBoard = (facts, flip) => {
  const { series } = facts;
  const unit = stepWord(facts);
  const kilowatts = (kw, forecast) => said(kw, placesFor(Math.max(...forecast), 3));
  const heads = series.map(() => make("p", { class: "live-head" }));
  const rows = series.map(({ name, label, forecast }) => forecast.map((kw, k) => make("button", {
    type: "button", "aria-pressed": "false", tabindex: -1, "data-hit": hitName(name, k + 1),
    "aria-label": `${label}, ${unit} ${k + 1}, forecast ${kilowatts(kw, forecast)} kW`, onclick: () => flip(name, k + 1),
  }, `${k + 1}`)));
  const goTo = (row, k) => {
    const button = rows[row]?.[k];
    if (!button) return;
    for (const each of rows.flat()) each.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
  };
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const move = (event) => {
    const row = rows.findIndex((buttons) => buttons.includes(event.target));
    const step = moves[event.key];
    if (row < 0 || !step) return;
    event.preventDefault();
    goTo(row + step[0], rows[row].indexOf(event.target) + step[1]);
  };
  rows[0][0].tabIndex = 0;
  const lines = series.flatMap(({ label }, k) => [
    heads[k], make("div", { class: "live-hours", role: "group", "aria-label": `${unit}s of ${label} that are hit` }, ...rows[k]),
  ]);
  const show = (day, { budgets }, deviation) => series.forEach(({ name, label, rises }, row) => {
    const [used, allowed] = [day[name].length, budgets[name] ?? 0];
    heads[row].textContent = `${label} ${rises ? "+" : "−"}${said(100 * deviation)} %: ${used} of ${allowed} ${allowed === 1 ? unit : `${unit}s`} hit`;
    heads[row].classList.toggle("live-over", used > allowed);
    rows[row].forEach((button, k) => button.setAttribute("aria-pressed", `${day[name].includes(k + 1)}`));
  });
  return { element: make("div", { class: "live-board", onkeydown: move }, ...lines), show };
};

// --- in words ------------------------------------------------------------------------------------------
const overBudget = ({ series }, day, { budgets }) => series
  .filter(({ name }) => day[name].length > (budgets[name] ?? 0))
  .map(({ name, label }) => `${day[name].length} hits on ${label} (allowed: ${budgets[name] ?? 0})`);

const wayToTheWorst = (found, { ordinary, worst, over }) => {
  const stake = ALIKE * Math.max(Math.abs(worst.bound), Math.abs(ordinary));
  const places = Math.max(2, placesFor(worst.bound, 6));
  const [least, most] = [said(worst.cost, places), said(worst.bound, places)];
  const interval = least === most ? `costs ${least}, and none of this budget costs more` : `costs between ${least} and ${most}`;
  const proven = `The worst day ${interval}, by the search that made this page.`;
  if (over.length) return `${proven} Yours has ${over.join(" and ")}: it is no day of this budget.`;
  if (found.cost >= worst.bound - stake) return `${proven} Yours is as bad as the worst: no day of this budget is worse.`;
  const way = (found.cost - ordinary) / (worst.cost - ordinary);
  const gone = worst.cost - ordinary > stake ? `, ${said(100 * way, 1)} % of the way from the ordinary day to it` : "";
  return `${proven} Yours is ${said(worst.cost - found.cost, places)} yuan short of it${gone}.`;
};

const oneByOne = ({ added, together, hits, ordinary }) => {
  const yuan = (number) => said(number, Math.max(2, placesFor(ordinary, 6)));
  if (!hits) return "Nothing is hit: this is the ordinary day. Choose above what goes wrong, then compare.";
  if (hits === 1) return `Your hit adds ${yuan(together)} yuan.`;
  const sum = `Each alone, your hits would add ${yuan(added)} yuan; together they add ${yuan(together)}`;
  if (yuan(added) === yuan(together)) return `${sum}: as much as one by one.`;
  return `${sum}, ${yuan(Math.abs(together - added))} ${together > added ? "more" : "less"} than one by one.`;
};

views.adversary = (element, { problem, facts, knobs, setting, turn }) => {
  const unit = stepWord(facts);
  const costOf = remembered(problem.again());
  const ordinary = problem.again().solve(sizesOf(problem, {}, 0));
  const told = make("p", { role: "status", class: "live-told" });
  let last; // what was found, and beside what it stands
  const fill = (day, words) => {
    for (const { name, forecast } of facts.series) {
      forecast.forEach((_, k) => turn(hitName(name, k + 1), (day[name] ?? []).includes(k + 1) ? 1 : 0));
    }
    told.textContent = words;
  };
  const flip = (name, step) => {
    const { label } = facts.series.find((each) => each.name === name);
    const [day, allowed] = [dayIn(facts, setting), worstOf(facts, setting).budgets[name] ?? 0];
    const on = day[name].includes(step);
    if (!on && day[name].length >= allowed) {
      told.textContent = `The budget of ${label} is used up (allowed: ${allowed} ${allowed === 1 ? unit : `${unit}s`}): take a hit back first.`;
      return;
    }
    told.textContent = "";
    turn(hitName(name, step), on ? 0 : 1);
  };
  const hours = hitBoard(facts, flip);
  const button = (label, press) => make("button", { type: "button", onclick: press }, label);
  const buttons = make("div", { class: "live-buttons" },
    button(`first guess: the dearest ${unit}s`, () => fill(firstGuess(costOf, facts, worstOf(facts, setting)),
      `Of each series the ${unit}s that are dearest when they are hit alone.`)),
    button("show the worst day", () => fill(worstOf(facts, setting).hits, "The worst day of this budget, as the search found it.")),
    button("clear", () => fill({}, "")));
  const parts = { words: make("p"), bars: make("div"), answer: make("div"), table: make("div") };
  element.append(hours.element, buttons, told, ...Object.values(parts));

  const solve = (values) => {
    const day = dayIn(facts, values);
    const found = problem.solve(sizesOf(problem, day, values.deviation));
    const worst = worstOf(facts, values);
    last = { day, worst, ordinary: ordinary.cost, over: overBudget(facts, day, worst), hits: hitsIn(day) };
    if (found.status !== "optimal") return found;
    last.together = found.cost - ordinary.cost;
    last.added = addedOneByOne(costOf, day, values.deviation);
    return found;
  };
  const draw = (found, values) => {
    hours.show(last.day, last.worst, values.deviation);
    const missing = found.outputs.missing[0];
    const enough = ALIKE * Math.max(...facts.series.flatMap(({ forecast }) => forecast));
    const short = ` ${said(missing, placesFor(missing, 3))} kWh go missing, at the price of an emergency.`;
    parts.words.textContent = oneByOne(last) + (missing > enough ? short : "");
    parts.bars.replaceChildren(beyondOrdinary([
      ["hits, one by one", last.added, "part"], ["your day", last.together, "sum"],
      ["worst day", last.worst.cost - ordinary.cost, "part"],
    ]));
    parts.answer.replaceChildren(answerByHour(facts, last.day, found, ordinary));
    parts.table.replaceChildren(answerTable(unit, found));
  };
  const proof = (found) => (found.status === "optimal" ? `${proofOf(found, facts)} ${wayToTheWorst(found, last)}` : proofOf(found, facts));
  const command = ({ level, deviation, ...values }) => {
    const day = Object.entries(dayIn(facts, values)).filter(([, steps]) => steps.length);
    const hits = day.map(([name, steps]) => `${name} ${steps.join(" ")}`).join(" ");
    const parameters = `vpp=${facts.vpp} level=${level} deviation=${rounded(knobs[1], deviation)}`;
    return `make run NB=worst_day P="${parameters}${hits ? ` own_day='${hits}'` : ""}"`;
  };
  return { draw, solve, proof, command, reset: () => { told.textContent = ""; } };
};
