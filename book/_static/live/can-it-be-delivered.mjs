// --- VPPs on a feeder: can it be delivered? -----------------------------------------------------------
// facts: vpps (name -> colour), buses, parents, falls (of the squared voltage of each bus for a kW at
// each), customers (the same for the feeder's own), source_squared, free (VPP -> kW by step: the flattest
// of the cheapest schedules if nobody looks at the feeder), step_hours, no_limit, problems.grant.

const NEAR_LIMIT = 1e-5; // per unit: a voltage is at its limit
const OUTSIDE = 1e-6;

// Where each VPP stands, as a place among the buses.
const feederPlaces = ({ vpps, buses }, setting) => (
  Object.keys(vpps).map((_, k) => Math.round(setting[`bus_${k + 1}`] - buses[0]))
);

// What the problem is given at a setting of the sliders.
const onFeeder = (facts, setting) => {
  const { low, high, margin, background, line_impedance: impedance } = setting;
  const numbers = {
    trade: 1,
    low_squared: (low + margin) ** 2,
    high_squared: (high - margin) ** 2,
    customers: background * impedance,
  };
  feederPlaces(facts, setting).forEach((place, k) => facts.buses.forEach((bus, b) => {
    numbers[`fall_${k + 1}_${bus}`] = impedance * facts.falls[place][b];
  }));
  return numbers;
};

// Voltages by bus in one step for given withdrawals, per unit: the linear model.
const voltagesFor = (facts, setting, withdrawn) => {
  const places = feederPlaces(facts, setting);
  return facts.buses.map((_, b) => {
    const fall = withdrawn.reduce((sum, kw, k) => sum + facts.falls[places[k]][b] * kw, 0);
    const own = setting.background * facts.customers[b];
    return Math.sqrt(Math.max(0, facts.source_squared - setting.line_impedance * (own + fall)));
  });
};

const inSteps = (values, length) => Array.from({ length: values.length / length }, (_, k) => values.slice(k * length, (k + 1) * length));
const lowestAndHighest = (values) => [Math.min(...values), Math.max(...values)];
const lowestOf = (voltages) => voltages.indexOf(Math.min(...voltages));
const beyondLimits = (voltages, { low, high, margin }) => {
  const [least, most] = lowestAndHighest(voltages);
  return Math.max(low + margin - least, least === most ? 0 : most - (high - margin));
};

// Which limit leaves no schedule: one by itself, or both together.
const feederRefusal = (problem, facts, setting, numbers) => {
  const lowest = setting.low + setting.margin;
  const highest = setting.high - setting.margin;
  const without = voltagesFor(facts, setting, Object.keys(facts.vpps).map(() => 0));
  const [least, most] = facts.no_limit;
  const fails = (changed) => problem.again().solve({ ...numbers, ...changed }).status === "infeasible";
  if (fails({ high_squared: most })) {
    const bus = lowestOf(without);
    const start = `No schedule keeps all voltages above ${said(lowest, 4)} per unit`;
    return without[bus] < lowest
      ? `${start}: the feeder's customers alone pull bus ${facts.buses[bus]} down to ${said(without[bus], 4)}, and from these buses the VPPs cannot lift all that lies too low.`
      : `${start}: what the VPPs must withdraw pulls some bus lower.`;
  }
  if (fails({ low_squared: least })) {
    return `No schedule keeps all voltages below ${said(highest, 4)} per unit: what the VPPs must feed in lifts some bus higher.`;
  }
  return `Each limit can be kept, but not both in one schedule: ${said(lowest, 4)} to ${said(highest, 4)} per unit.`;
};

// Two flows that should not run at once, as far as they do, kWh: stores that burn what is too much.
const burntInStores = ({ outputs }, hours) => {
  let sum = 0;
  for (let k = 0; outputs[`first flow ${k}`]; k += 1) {
    outputs[`first flow ${k}`].forEach((kw, t) => { sum += hours * Math.max(0, Math.min(kw, outputs[`second flow ${k}`][t])); });
  }
  return sum;
};

// What the operator would have to move if the VPPs asked for what they would trade freely.
const operatorMoves = (problemOf, facts, setting, numbers, wishes) => {
  const hours = { moved: 0, steps: 0, most: 0, worst: 0 };
  const granted = wishes.map((wish, step) => {
    if (beyondLimits(voltagesFor(facts, setting, wish), setting) <= OUTSIDE) return wish;
    const asked = Object.fromEntries(wish.map((kw, k) => [`wish_${k + 1}`, kw]));
    const found = problemOf(facts.problems.grant).solve({ ...numbers, ...asked });
    if (found.status !== "optimal") return wish;
    const moved = found.outputs.granted.reduce((sum, kw, k) => sum + Math.abs(kw - wish[k]), 0);
    hours.steps += 1;
    hours.moved += facts.step_hours * moved;
    if (moved > hours.most) Object.assign(hours, { most: moved, worst: step });
    return Array.from(found.outputs.granted);
  });
  return { ...hours, granted };
};

views["can-it-be-delivered"] = (element, { problem, problemOf, facts, knobs, place }) => {
  const names = Object.keys(facts.vpps);
  const spots = feederTree(facts.parents);
  const wishes = facts.free[names[0]].map((_, t) => names.map((name) => facts.free[name][t]));
  const one = stepWord(facts);
  const apart = problem.again();
  const usual = Object.fromEntries(problem.data.knobs.map((knob) => [knob.name, knob.usual]));
  const free = { together: problem.again().solve(usual), apart: problem.again().solve({ ...usual, trade: 0 }) };
  const kwPlaces = placesFor(Math.max(...wishes.flat().map(Math.abs)), 3);
  const yuanPlaces = placesFor(free.apart.cost, 5);
  const parts = {
    costs: make("div"), said: make("p"), operator: make("p"), map: make("div"), profile: make("div"),
    hourSaid: make("p"), day: make("div"), hourTable: make("div"), dayTable: make("div"),
  };
  let step = null;
  let last;

  const byStep = () => {
    if (!last) return;
    const { voltages, ignored, setting, limits, range, found } = last;
    const hourName = `${one} ${step + 1}`;
    const vpps = names.map((name, k) => ({ name, colour: facts.vpps[name], bus: feederPlaces(facts, setting)[k], kw: found.outputs[`withdrawn by ${name}`][step] }));
    const here = voltages[step];
    const [least, most] = [setting.low + setting.margin + NEAR_LIMIT, setting.high - setting.margin - NEAR_LIMIT];
    const atLimit = new Set([...here.keys()].filter((bus) => here[bus] < least || here[bus] > most));
    const ways = [{ voltages: ignored[step], name: "with the limits ignored", dashed: true }, { voltages: here, name: "within them" }];
    parts.day.replaceChildren(dayOfVoltages([
      { ranges: ignored.map(lowestAndHighest), name: "limits ignored", hollow: true }, { ranges: voltages.map(lowestAndHighest), name: "within limits" },
    ], limits, range, step, `${one} of the day`));
    parts.map.replaceChildren(feederMap(facts, spots, vpps, atLimit, hourName, kwPlaces));
    parts.profile.replaceChildren(feederProfile(facts, spots, vpps, ways, limits, range, `Voltage in ${hourName} (dashed: limits ignored)`));
    const bus = lowestOf(here);
    const takes = vpps.map(({ name, kw }) => `${name} ${kw < 0 ? "feeds in" : "takes"} ${said(Math.abs(kw), kwPlaces)} kW`).join(", ");
    const prices = names.map((name) => `${said(found.prices[name][step], 3)} at ${name}`).join(", ");
    parts.hourSaid.textContent = `In ${hourName} ${takes}. The lowest voltage is ${said(here[bus], 4)} at bus ${facts.buses[bus]}. `
      + (atLimit.size ? `One more kWh withdrawn costs the others (yuan): ${prices}.` : "No bus is at a limit, so a kWh more costs the others nothing.");
    const granted = last.granted?.[step];
    unfolded(parts.hourTable, `${one === "hour" ? "Hour" : "Step"} ${step + 1} as a table`, ["VPP", "bus", "takes (kW)", "would ask for", "would be granted", "price (yuan/kWh)"],
      vpps.map(({ name, bus: at, kw }, k) => [name, facts.buses[at], said(kw, kwPlaces), said(wishes[step][k], kwPlaces), granted ? said(granted[k], kwPlaces) : "", said(found.prices[name][step], 3)]));
  };
  const knob = { name: "hour", label: `${one} of the day`, unit: "", low: 1, high: wishes.length, step: 1 };
  const hours = slider(knob, place, 1, (_, value) => { step = value - 1; byStep(); });
  const { costs, said: words, operator: moves, ...pictures } = parts;
  element.append(costs, words, moves, hours.element, ...Object.values(pictures));

  const operator = settled(250, (setting, numbers) => {
    const { moved, steps, most, worst, granted } = operatorMoves(problemOf, facts, setting, numbers, wishes);
    const asked = wishes.flat().reduce((sum, kw) => sum + facts.step_hours * Math.abs(kw), 0);
    const [low, high] = lowestAndHighest(last.ignored.flat());
    last.granted = granted;
    parts.operator.textContent = steps
      ? `If the VPPs ignored the limits, voltages would go from ${said(low, 3)} to ${said(high, 3)} in this linear model, and ${said(steps)} of ${said(wishes.length)} ${one}s would leave the limits. `
        + `Of ${said(asked, kwPlaces)} kWh that pass the connection points the operator would have to move ${said(moved, kwPlaces)}, most in ${one} ${worst + 1} (${said(most, kwPlaces)} kW).`
      : "If the VPPs ignored the limits, they would keep them all the same.";
    byStep();
  });

  const draw = (found, setting) => {
    const numbers = onFeeder(facts, setting);
    const alone = apart.solve({ ...numbers, trade: 0 });
    const voltages = inSteps(Array.from(found.outputs.squared, (value) => Math.sqrt(Math.max(0, value))), facts.buses.length);
    const ignored = wishes.map((wish) => voltagesFor(facts, setting, wish));
    const range = lowestAndHighest([...voltages.flat(), ...ignored.flat(), setting.low, setting.high]);
    last = { found, voltages, ignored, range, setting: { ...setting }, limits: setting };
    if (step === null) {
      const worse = ignored.map((each) => beyondLimits(each, setting));
      step = worse.indexOf(Math.max(...worse));
      hours.set(step + 1);
    }
    parts.costs.replaceChildren(feederCosts(free, alone, found, lasts(facts), yuanPlaces));
    const more = burntInStores(found, facts.step_hours);
    parts.said.textContent = [
      `The limits cost ${said(found.cost - free.together.cost, yuanPlaces)} yuan ${lasts(facts)}.`,
      alone.status === "optimal" ? "" : "Without trade no schedule keeps them: there is nothing to compare with.",
      more > 1e-4 * Math.max(...wishes.flat().map(Math.abs)) ? `Stores charge and discharge at once here (${said(more, kwPlaces)} kWh) to burn what the feeder cannot carry; with stores that cannot, the day costs more.` : "",
    ].filter(Boolean).join(" ");
    byStep();
    const bounds = [free.together, free.apart, found, ...(alone.status === "optimal" ? [alone] : [])];
    const gap = Math.max(...bounds.map(({ cost, lower }) => cost - lower));
    const proved = gap < 0.005 ? "to the cent" : `to ${said(gap, 2)} yuan`;
    parts.said.append(` Each cost of the table meets its lower bound ${proved}.`);
    const rows = voltages.map((each, t) => [t + 1, ...[...lowestAndHighest(each), ...lowestAndHighest(ignored[t])].map((value) => said(value, 4))]);
    unfolded(parts.dayTable, "The day as a table (per unit)", [one, "lowest", "highest", "lowest, limits ignored", "highest, limits ignored"], rows);
    operator({ ...setting }, numbers);
  };
  return {
    draw,
    solve: (setting) => {
      const numbers = onFeeder(facts, setting);
      const found = problem.solve(numbers);
      return found.status === "infeasible" ? { ...found, why: feederRefusal(problem, facts, setting, numbers) } : found;
    },
    proof: (found) => (found.status === "optimal"
      ? `${proofOf(found, facts)} With the limits ignored: ${said(free.together.cost, 2)}, and no schedule costs less than ${said(free.together.lower, 2)}.`
      : [found.why ?? "", proofOf(found, facts)].join(" ").trim()),
    command: (setting) => {
      const moved = knobs.some((each) => each.words.length && setting[each.name] !== each.usual);
      const buses = feederPlaces(facts, setting).map((each) => facts.buses[each]).join(" ");
      const plain = commandOf("deliverable", knobs.filter(({ words }) => !words.length), setting);
      if (!moved) return plain;
      return plain.endsWith('"') ? `${plain.slice(0, -1)} placement='${buses}'"` : `${plain} P="placement='${buses}'"`;
    },
  };
};
