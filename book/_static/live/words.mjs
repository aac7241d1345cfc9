// --- units of money and time ----------------------------------------------------------------------
// as many places as show so many digits of the largest number of its kind
const placesFor = (largest, digits) => {
  const before = Math.floor(Math.log10(Math.abs(largest) || 1)) + 1;
  return Math.max(0, Math.min(6, digits - before));
};

// how long the problem lasts: facts say steps and step_hours, elsewise it is a day
const lasts = ({ steps = 24, step_hours: hours = 1 }) => (
  Math.abs(steps * hours - 24) < 1e-9 ? "a day" : `in ${said(steps * hours, steps * hours % 1 ? 2 : 0)} hours`
);
const stepWord = ({ step_hours: hours = 1 }) => (hours === 1 ? "hour" : "step");

// --- the proof in words ---------------------------------------------------------------------------
const proofOf = (found, facts = {}) => {
  if (found.status === "infeasible") return refusalOf(found, facts);
  if (found.status !== "optimal") return "The solver did not come to an end at this setting.";
  const { cost, lower, ms } = found;
  const places = Math.max(2, placesFor(cost, 6));
  const [above, below] = [said(cost, places), said(lower, places)];
  const apart = above === below ? "The bounds meet." : `The bounds are ${said(cost - lower, places)} yuan apart.`;
  return `Cost ${above} yuan ${lasts(facts)}; no schedule costs less than ${below}. `
    + `${apart} Solved in ${said(ms)} ms, here in the page.`;
};

// What cannot be met, and why that is certain.
const refusalOf = ({ gaps = [], contradiction }, facts) => {
  const word = stepWord(facts);
  const inAll = (steps) => `${said(steps)} ${word}${steps === 1 ? "" : "s"} in all`;
  const sentences = gaps.map(({ name, unit, verb, largest, step, steps }) => (
    `${name} ${verb} ${said(largest, placesFor(largest, 4))} ${unit} in ${word} ${step} (${inAll(steps)})`
  ));
  const lacking = sentences.length ? `: ${sentences.join("; ")}` : "";
  const units = new Set(gaps.map(({ unit }) => unit));
  const sum = units.size === 1 ? ` ${[...units][0]} over all ${word}s` : "";
  const proved = contradiction > 0 ? " Proof: weighted by multipliers, the limits contradict each other by "
    + `${said(contradiction, placesFor(contradiction, 4))}${sum}.` : "";
  return `At this setting there is no schedule at all${lacking}.${proved}`;
};
