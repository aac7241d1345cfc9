// --- two VPPs negotiate, here in the page ------------------------------------------------------------
// facts: vpps (name -> colour), penalties (yuan/kWh per kW), orders, enough (yuan: the bounds have
// met), patience (rounds).

const howOf = ({ penalties, orders }, setting) => ({
  penalty: penalties[Math.round(setting.penalty)], order: orders[Math.round(setting.order)],
});

// What one more kWh is worth to the first and costs the second at a trade; way: from which side.
const worthAt = ({ price, slope, fee }, x, way = Math.sign(x)) => price - slope * x - way * fee;
const costAt = (side, x, way = Math.sign(x)) => worthAt(side, -x, -way);

// The two over the trade, with the multiplier of the round and both expectations as dots.
const crossing = ([first, second], { names, colours }, talk, at, [kwPlaces]) => {
  const wishes = [talk.first[at], talk.second[at]];
  const all = [0, ...talk.first, ...talk.second];
  const room = 0.08 * (Math.max(...all) - Math.min(...all) || first.limit);
  const [low, high] = [Math.min(...all) - room, Math.max(...all) + room];
  const [worth, cost] = [(x, way) => worthAt(first, x, way), (x, way) => costAt(second, x, way)];
  const corners = (curve) => [[low, curve(low)], [0, curve(0, -1)], [0, curve(0, 1)], [high, curve(high)]];
  const price = talk.multiplier[at];
  const prices = [...corners(worth), ...corners(cost)].map(([, yuan]) => yuan).concat(talk.multiplier);
  const [least, most] = [Math.min(...prices), Math.max(...prices)];
  const [x, y] = [scale(low, high, TALK.left, TALK.right), scale(least, most, TALK.bottom, TALK.top)];
  const curves = [{ name: `worth to ${names[0]}`, curve: worth, colour: colours[0] }, { name: `cost to ${names[1]}`, curve: cost, colour: colours[1], dash: "7 4" }];
  const drawn = curves.flatMap(({ curve, colour, dash }, k) => {
    const style = `--own: ${colour}`;
    return [draws("path", { d: path(corners(curve).map(([kw, yuan]) => [x(kw), y(yuan)])), class: "talk", style, "stroke-dasharray": dash ?? "none" }),
      draws("circle", { cx: x(wishes[k]), cy: y(curve(wishes[k])), r: 6, class: "full", style })];
  });
  const title = "One more kWh over the trade (yuan/kWh)";
  const words = `after round ${said(at + 1)} the multiplier is ${said(price, 3)}; ${wishOf(names[0], wishes[0], kwPlaces)}, ${wishOf(names[1], -wishes[1], kwPlaces)}`;
  return picture(TALK.width, TALK.height, `${title}: ${words}.`, text(8, 16, title), ...legendOf(curves),
    ...marksLeft(y, marksOf(least, most, 2)),
    line(TALK.left, y(price), TALK.right, y(price), { "stroke-dasharray": "2 4" }), ...drawn,
    ...marksBelow(x, marksOf(low, high), "trade (kW); line across: multiplier"));
};

// How many rounds the talks take with each penalty, all else as it is set; the dot is the setting.
const roundsOver = (penalties, rounds, here) => {
  const [fewest, most] = [Math.min(...rounds), Math.max(...rounds)];
  const x = scale(Math.log10(penalties[0]), Math.log10(penalties.at(-1)), TALK.left, TALK.right);
  const y = scale(Math.log10(fewest), Math.log10(most) || 1, TALK.bottom - 8, TALK.top);
  const points = penalties.map((penalty, k) => [x(Math.log10(penalty)), y(Math.log10(rounds[k]))]);
  const heights = [fewest, rounds[here], most].filter((count, k, all) => (
    k !== 1 || [all[0], all[2]].every((other) => Math.abs(y(Math.log10(count)) - y(Math.log10(other))) > 18)
  ));
  const title = "Rounds until the bounds meet (logarithmic)";
  const words = `fewest, ${said(fewest)}, with ${penalties[rounds.indexOf(fewest)]} yuan/kWh per kW; ${said(rounds[0])} with the smallest penalty shown, ${said(rounds.at(-1))} with the largest`;
  return picture(TALK.width, TALK.height, `${title}: ${words}.`, text(8, 16, title),
    draws("path", { d: path(points), class: "curve" }),
    draws("circle", { cx: points[here][0], cy: points[here][1], r: 6, class: "here" }),
    ...marksLeft((count) => y(Math.log10(count)), heights.map((count) => [count, said(count)])),
    ...marksBelow(x, powerTicks(Math.log10(penalties[0]), Math.log10(penalties.at(-1))), "penalty (yuan/kWh per kW)"));
};

// Digits behind the point: of kW, by what the line takes, and of yuan, by what is saved.
const talkPlaces = ([{ limit }], { cost }) => [placesFor(limit, 4), Math.max(2, placesFor(cost, 5))];

// What happens in a round, in words.
const roundInWords = (names, { order }, talk, at, [kw, yuan]) => {
  const before = at ? talk.multiplier[at - 1] : 0;
  const [first, second, after] = [talk.first[at], talk.second[at], talk.multiplier[at]];
  const apart = said(Math.abs(first - second), kw);
  const moves = /[1-9]/.test(apart) ? `They are ${apart} kW apart, so the multiplier ${after > before ? "rises" : "falls"} to`
    : "They agree, and the multiplier rests at";
  const then = order === "sequential" ? "Then, knowing this," : "At the same time";
  return `Round ${said(at + 1)}. At a multiplier of ${said(before, 3)} yuan/kWh ${wishOf(names[0], first, kw)}. ${then} ${wishOf(names[1], -second, kw)}. `
    + `${moves} ${said(after, 3)}. If the talks ended here, the middle, ${said(Math.abs(talk.middle[at]), kw)} kW, would change what both pay by ${said(talk.upper[at], yuan)} yuan, `
    + `and no trade could change it to less than ${said(talk.lower[at], yuan)}.`;
};

views.negotiation = (element, { facts, knobs, place }) => {
  const who = { names: Object.keys(facts.vpps), colours: Object.values(facts.vpps) };
  const parts = { words: make("p", { "aria-live": "polite" }), pictures: make("div", { class: "live-pair" }), table: make("div") };
  const over = make("div");
  let shown;
  const player = roundPlayer(place, (at, playing) => {
    const { sides, how, talk, best } = shown;
    const rounds = talk.first.map((_, k) => k + 1);
    parts.words.setAttribute("aria-live", playing ? "off" : "polite");
    const places = talkPlaces(sides, best);
    parts.words.textContent = roundInWords(who.names, how, talk, at, places);
    const prices = [
      { name: `worth to ${who.names[0]}`, values: talk.first.map((kw) => worthAt(sides[0], kw)), colour: who.colours[0] },
      { name: `cost to ${who.names[1]}`, values: talk.second.map((kw) => costAt(sides[1], kw)), colour: who.colours[1], dash: "7 4" },
    ];
    const shared = talkPictures({ ...talk, ...who, rounds, at }, places, { best, prices });
    parts.pictures.replaceChildren(crossing(sides, who, talk, at, places), ...shared, over);
  });
  element.append(player.element, ...Object.values(parts));
  const sweep = settled(200, (sides, how, here) => {
    const rounds = facts.penalties.map((penalty) => talkOn(sides, { ...how, penalty }, facts).rounds);
    over.replaceChildren(roundsOver(facts.penalties, rounds, here));
    const rows = facts.penalties.map((penalty, k) => [String(penalty), said(rounds[k])]);
    parts.table.replaceChildren(tableOf("Rounds by penalty as a table", ["penalty (yuan/kWh per kW)", "rounds"], rows));
  });
  const solve = (setting) => {
    const started = performance.now();
    const [sides, how] = [sidesOf(setting), howOf(facts, setting)];
    const [talk, best] = [wholeTalk(sides, how, facts), bestOf(sides)];
    // what has not met within patience is ended by the closed form
    const [cost, lower] = talk.met ? [talk.upper.at(-1), talk.lower.at(-1)] : [best.cost, lowerOf(sides, (best.low + best.high) / 2)];
    return { status: "optimal", cost, lower, ms: performance.now() - started, sides, how, talk, best };
  };
  const draw = (found, setting) => {
    const same = shown && JSON.stringify(shown.how) === JSON.stringify(found.how);
    shown = found;
    const rounds = found.talk.first.map((_, k) => k + 1);
    player.set(rounds, same ? player.at() : 0);
    sweep(found.sides, found.how, Math.round(setting.penalty));
  };
  const proof = ({ cost, lower, sides, talk, best, ms }) => {
    const [kw, yuan] = talkPlaces(sides, best);
    const end = talk.met ? `The bounds meet after ${said(talk.rounds)} rounds.`
      : `After ${said(talk.rounds)} rounds the bounds are still ${said(talk.upper.at(-1) - talk.lower.at(-1), yuan)} yuan apart; the closed form ends the talks.`;
    const price = best.high - best.low < 1e-9 ? said(best.low, 3) : `between ${said(best.low, 3)} and ${said(best.high, 3)}`;
    return `Together both pay ${said(-cost, yuan)} yuan less than alone, and no trade saves more than ${said(-lower, yuan)}. ${end} `
      + `In closed form: ${said(Math.abs(best.trade), kw)} kW at a multiplier of ${price} yuan/kWh save ${said(-best.cost, yuan)} yuan. Computed in ${said(ms)} ms, here in the page.`;
  };
  const command = (setting) => {
    const { penalty, order } = howOf(facts, setting);
    const named = { penalty, order };
    const changed = Object.fromEntries(changedIn(knobs, setting));
    // a run with another line would suit the slopes to it
    if ("trade_limit" in changed) Object.assign(changed, { slope_1: setting.slope_1, slope_2: setting.slope_2 });
    const values = Object.entries(changed).map(([name, value]) => `${name}=${named[name] ?? value}`);
    return `make run NB=negotiation${values.length ? ` P="${values.join(" ")}"` : ""}`;
  };
  return { draw, solve, proof, command };
};
