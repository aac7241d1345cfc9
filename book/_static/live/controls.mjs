// --- what a reader turns, and what every live element says ----------------------------------------

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

const said = (number, places = 0) => {
  const text = Math.abs(number).toLocaleString("en-GB", { minimumFractionDigits: places, maximumFractionDigits: places });
  return number < 0 && /[1-9]/.test(text) ? `−${text}` : text;
};

// as many places as a step of the slider needs
const placesOf = ({ step }) => Math.max(0, Math.min(4, Math.ceil(-Math.log10(step) - 1e-9)));

// A knob's value in words: a number with its unit, or the name that the value stands for.
const wordsOf = (knob, number) => (
  knob.words?.length ? knob.words[Math.round(number - knob.low)] : `${said(number, placesOf(knob))} ${knob.unit}`
);

// A slider with its name and its value in words; `turn` is told of every movement.
const slider = (knob, place, value, turn) => {
  const words = (number) => wordsOf(knob, number);
  const shown = make("output", { for: `${place}-${knob.name}` }, words(value));
  const input = make("input", {
    type: "range", id: `${place}-${knob.name}`, name: knob.name,
    min: knob.first ?? knob.low, max: knob.high, step: knob.step, value, "aria-valuetext": words(value),
    oninput: () => {
      set(input.valueAsNumber);
      turn(knob.name, input.valueAsNumber);
    },
  });
  const label = make("label", { for: input.id }, knob.label);
  const set = (number) => {
    input.value = number;
    shown.textContent = words(number);
    input.setAttribute("aria-valuetext", words(number));
  };
  return { element: make("div", { class: "live-slider" }, label, input, shown), set };
};

// --- the address of the page keeps the setting, so that a link leads to it ------------------------
const settingIn = (place, knobs) => {
  const setting = Object.fromEntries(knobs.map((knob) => [knob.name, knob.usual]));
  const [name, text] = decodeURIComponent(location.hash.slice(1)).split("?");
  if (name !== place || !text) return setting;
  for (const [key, value] of new URLSearchParams(text)) {
    const knob = knobs.find((each) => each.name === key);
    const number = Number(value);
    if (knob && value !== "" && Number.isFinite(number)) {
      setting[key] = Math.min(knob.high, Math.max(knob.first ?? knob.low, number));
    }
  }
  return setting;
};

const rounded = (knob, value) => Number(value.toFixed(placesOf(knob)));

const changedIn = (knobs, setting) => knobs
  .filter((knob) => setting[knob.name] !== knob.usual)
  .map((knob) => [knob.name, rounded(knob, setting[knob.name])]);

const addressOf = (place, knobs, setting) => {
  const changed = new URLSearchParams(changedIn(knobs, setting));
  return `#${place}${changed.size ? `?${changed}` : ""}`;
};

const commandOf = (notebook, knobs, setting) => {
  const values = changedIn(knobs, setting).map(([name, value]) => `${name}=${value}`).join(" ");
  return `make run NB=${notebook}${values ? ` P="${values}"` : ""}`;
};

const settled = (wait, action) => {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), wait);
  };
};

// The command with what else its run is given, as the reader's own case.
const withRun = (command, run) => {
  const [, start, given = ""] = /^(make run NB=\S+)(?: P="(.*)")?$/.exec(command) ?? [null, command];
  const kept = Object.entries(run).filter(([name]) => !` ${given}`.includes(` ${name}=`));
  const values = [...kept.map(([name, value]) => `${name}=${value}`), given].join(" ").trim();
  return values ? `${start} P="${values}"` : start;
};

const SAID = ["cost", "lower", "status", "ms", "contradiction"]; // by data- attributes of the element

// One live element: sliders, what the view draws, the proof, the run as a command.
//
// A view is (drawing, parts) => { draw, solve, proof, command, reset }, or draw alone. `draw(found,
// setting)` shows a solution. The others have a usual form: `solve(setting)` asks the element's
// problem, `proof(found)` is its sentence, `command(setting)` its run, `reset()` follows "as in the
// book". A view draws the controls of knobs that are its own (`by: "view"`) and says `turn`.
const mount = (element, given, highs) => {
  const { problem: data = null, knobs = data.knobs, view, notebook, facts, run = {}, currency } = given;
  if (currency) keepIn(currency, element);
  const place = element.id;
  const problem = data && new Problem(highs, data);
  const addressed = place === element.dataset.live; // in a notebook no link leads to it
  const setting = settingIn(place, knobs);
  const proof = make("p", { class: "live-proof" });
  const aloud = make("p", { class: "live-aloud", role: "status", "aria-live": "polite" });
  const command = make("code", {});
  const link = make("a", { href: "" }, "link to this setting");
  const drawing = make("div", { class: "live-view" });
  const speak = settled(700, (text) => { aloud.textContent = text; });
  const soon = settled(0, () => requestAnimationFrame(() => show()));
  const turn = (name, value) => {
    setting[name] = value;
    sliders.find(([knob]) => knob.name === name)?.[1].set(value); // where the drawing turned it
    soon();
  };
  const problemOf = (other) => new Problem(highs, other);
  const made = views[view](drawing, { problem, problemOf, facts, knobs, notebook, place, setting, turn, again: () => show() });
  const own = {
    solve: (values) => problem.solve(values),
    proof: (found) => proofOf(found, facts),
    command: (values) => commandOf(notebook, knobs, values),
    reset: () => {},
    ...(typeof made === "function" ? { draw: made } : made),
  };

  const show = () => {
    const found = own.solve(setting);
    element.dataset.solves = Number(element.dataset.solves ?? 0) + 1;
    for (const name of SAID) element.dataset[name] = found[name] ?? "";
    proof.textContent = own.proof(found);
    command.textContent = withRun(own.command(setting), run);
    link.href = addressOf(place, knobs, setting);
    if (found.status === "optimal") own.draw(found, setting);
    drawing.classList.toggle("live-empty", found.status !== "optimal");
    speak(proof.textContent);
  };
  const sliders = knobs.filter(({ by }) => by !== "view")
    .map((knob) => [knob, slider(knob, place, setting[knob.name], turn)]);
  const reset = make("button", {
    type: "button",
    onclick: () => {
      for (const knob of knobs) setting[knob.name] = knob.usual;
      for (const [knob, { set }] of sliders) set(knob.usual);
      own.reset();
      show();
    },
  }, "as in the book");
  element.classList.add("live-on");
  element.replaceChildren(
    make("div", { class: "live-knobs" }, ...sliders.map(([, each]) => each.element), reset),
    drawing, proof, aloud,
    make("p", { class: "live-command" }, "This run as a command: ", command, ...(addressed ? [" · ", link] : [])),
  );
  show();
};
