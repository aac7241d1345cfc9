// --- talks of the case, recorded when the book was built ---------------------------------------------
// facts: vpps (name -> colour), pairs, tolerance, talks: by penalty the rounds that were kept, by pair
// what was said in them (multiples of kw and yuan), upper and lower bound (yuan; null: none).

// What one pair said of one hour, as numbers; the first of the names receives in the end.
const saidInHour = (talk, pair, hour, names) => {
  const { first, second, multiplier } = talk.pairs[pair];
  const of = (rounds, unit) => rounds.map((hours) => hours[hour] * unit);
  const [one, other, prices] = [of(first, talk.kw), of(second, talk.kw), of(multiplier, talk.yuan)];
  if (one.at(-1) >= 0) return { names, first: one, second: other, multiplier: prices };
  const turned = (values) => values.map((kw) => -kw);
  return { names: [...names].reverse(), first: turned(other), second: turned(one), multiplier: prices };
};

// Digits behind the point, as the talks were recorded: of kW and of yuan.
const placesOfTalk = ({ kw, upper }) => [Math.max(0, -Math.log10(kw)), Math.max(2, placesFor(upper.at(-1), 6))].map(Math.round);

const gapInWords = (upper, lower, yuan) => {
  if (upper === null || lower === null) return "Had the talks ended here, somebody could not carry out the middle of what was expected.";
  return `Had the talks ended here, they would cost ${said(upper, yuan)} yuan at most and ${said(lower, yuan)} at least: ${said(upper - lower, yuan)} yuan are open.`;
};

views["negotiation-recorded"] = (element, { facts, place: id }) => {
  const parts = { words: make("p", { "aria-live": "polite" }), pictures: make("div", { class: "live-pair" }), table: make("div") };
  const hourName = stepWord(facts);
  let [shown, talkBefore] = [null, null];
  const player = roundPlayer(id, (at, playing) => {
    const { talk, hour, told, places } = shown;
    const { names } = told;
    parts.words.setAttribute("aria-live", playing ? "off" : "polite");
    parts.words.textContent = `Round ${said(talk.rounds[at])}, ${hourName} ${hour + 1}. ${wishOf(names[0], told.first[at], places[0])}, ${wishOf(names[1], -told.second[at], places[0])}. `
      + `Their multiplier is then ${said(told.multiplier[at], 3)} yuan/kWh. ${gapInWords(talk.upper[at], talk.lower[at], places[1])}`;
    const colours = names.map((name) => facts.vpps[name]);
    parts.pictures.replaceChildren(...talkPictures({ ...told, colours, rounds: talk.rounds, at, upper: talk.upper, lower: talk.lower }, places));
  });
  element.append(player.element, parts.words, parts.pictures, parts.table);
  const solve = (setting) => {
    const started = performance.now();
    const talk = facts.talks[Math.round(setting.penalty)];
    return { status: "optimal", cost: talk.upper.at(-1), lower: talk.lower.at(-1), ms: performance.now() - started, talk };
  };
  const draw = ({ talk }, setting) => {
    const [pair, hour] = [Math.round(setting.pair ?? 0), Math.round(setting.hour ?? 1) - 1];
    const told = saidInHour(talk, pair, hour, facts.pairs[pair]);
    shown = { talk, hour, told, places: placesOfTalk(talk) };
    const place = talkBefore === talk ? player.at() : 0;
    talkBefore = talk;
    player.set(talk.rounds, place);
    const [kw, yuan] = shown.places;
    const rows = talk.rounds.map((round, k) => [said(round), said(told.first[k], kw), said(told.second[k], kw), said(told.multiplier[k], 3),
      ...[talk.upper[k], talk.lower[k]].map((bound) => (bound === null ? "none" : said(bound, yuan)))]);
    const head = ["round", `${told.names[0]} receives (kW)`, `${told.names[1]} sends (kW)`, "multiplier (yuan/kWh)", "upper bound (yuan)", "lower bound (yuan)"];
    parts.table.replaceChildren(tableOf("These numbers as a table", head, rows));
  };
  const proof = ({ talk, cost, lower }) => {
    const [, yuan] = placesOfTalk(talk);
    const agreed = talk.agreed ? `These talks agreed after ${said(talk.rounds.at(-1))} rounds.` : `These talks ended after ${said(talk.rounds.at(-1))} rounds without an agreement.`;
    const letGo = talk.letGo === null ? "" : ` They stalled, so that from round ${said(talk.letGo)} on the penalty followed them.`;
    return `${agreed}${letGo} What was agreed costs ${said(cost, yuan)} yuan ${lasts(facts)}; no schedule costs less than ${said(lower, yuan)}. `
      + `The bounds are ${said(cost - lower, yuan)} yuan apart, ${said((100 * (cost - lower)) / Math.abs(cost), 3)} % of the cost. Recorded when the book was built.`;
  };
  const command = (setting) => `make run NB=cooperation P="penalty=${Number(facts.talks[Math.round(setting.penalty)].penalty.toPrecision(6))}"`;
  return { draw, solve, proof, command };
};
