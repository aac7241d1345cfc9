// --- study B: two sellers, many buyers ---------------------------------------------------------------
// facts: sellers (name, and colours light and dark), demands and orders (what the knobs' values say).
// The game is in two-sellers-game.mjs, pictures and sentences in two-sellers-shown.mjs.

{
  const IMITATIONS = 20; // steps of the buyers' imitation that are drawn
  const BEAT = 350; // ms between two steps of play

  // The buyers' imitation, step by step: sliders for its start and step, buttons, a picture.
  const imitation = (element, { facts, knobs, place, setting, turn }) => {
    const drawn = make("div");
    const spoken = make("p");
    const aloud = make("p", { class: "live-aloud", role: "status" });
    const speak = settled(BEAT, () => { aloud.textContent = spoken.textContent; });
    const now = { name: "", shares: [], rest: 0, at: 0 };
    let beat = null;

    const show = () => {
      drawn.replaceChildren(twoSellersShown.settling(facts, now));
      spoken.textContent = twoSellersShown.settlingSaid(now);
    };
    const stop = () => {
      clearInterval(beat);
      beat = null;
      play.textContent = "play";
    };
    const go = (to) => {
      now.at = Math.min(IMITATIONS, to);
      if (now.at === IMITATIONS) stop();
      show();
      if (!beat) speak();
    };
    const stepTo = (to) => () => { stop(); go(to()); };
    const playOrPause = () => {
      if (beat) { stop(); return; }
      if (now.at === IMITATIONS) now.at = 0;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (still) { go(IMITATIONS); return; } // no motion: straight to the end
      play.textContent = "pause";
      beat = setInterval(() => go(now.at + 1), BEAT);
    };
    const button = (words, onclick) => make("button", { type: "button", onclick }, words);
    const play = button("play", playOrPause);
    const buttons = [button("step", stepTo(() => now.at + 1)), play, button("to the start", stepTo(() => 0))];

    const own = knobs.filter(({ by }) => by === "view").map((knob) => [knob, slider(knob, place, setting[knob.name], turn)]);
    element.append(
      make("p", {}, make("strong", {}, "How buyers find it")),
      make("div", { class: "live-knobs" }, ...own.map(([, each]) => each.element)),
      make("p", { class: "live-buttons" }, ...buttons.flatMap((each) => [each, " "])), drawn, spoken, aloud);

    const from = (market, played, { first_share: start, evolution_step: step }) => {
      stop();
      const prices = played.map(({ price }) => price);
      const shares = [start];
      while (shares.length <= IMITATIONS) shares.push(twoSellers.imitated(market, prices, shares.at(-1), step));
      Object.assign(now, { name: played[0].name, shares, rest: played[0].part, at: 0 });
      show();
    };
    return { from, stop, reset: () => { for (const [knob, { set }] of own) set(knob.usual); } };
  };

  // Words of the rules are said together: what the notebook takes for one depends on the other.
  const commandFor = (notebook, knobs, { demands: demand, orders: game_order }, values) => {
    const words = { demand, game_order };
    const numbers = knobs.filter(({ by, name }) => by !== "view" && !words[name]);
    const rules = knobs.filter(({ name }) => words[name]);
    const changed = changedIn(numbers, values).map(([name, value]) => `${name}=${value}`);
    if (changedIn(rules, values).length) {
      changed.push(...rules.map(({ name }) => `${name}=${words[name][Math.round(values[name])]}`));
    }
    return `make run NB=${notebook}${changed.length ? ` P="${changed.join(" ")}"` : ""}`;
  };

  const proof = ({ market, played, cost, lower, ms }) => {
    if (market.closed) return `No market: ${market.closed}.`;
    const held = market.text ? ", while buyers keep their choice," : ", while buyers choose anew,";
    const names = played.map(({ name }) => name).join(" and ");
    return `Earned, as the game counts: ${said(lower, 2)} yuan an hour by ${names}. By another price of one's own${played.length > 1 ? held : ""} `
      + `at most ${said(cost, 2)}: ${said(cost - lower, 2)} yuan to gain. Solved in ${said(ms)} ms, here in the page.`;
  };

  // What sellers earn, and a bound on what each could earn by moving alone: at an equilibrium they meet.
  const solve = (facts, values) => {
    const started = performance.now();
    const market = twoSellers.marketAt(facts, values);
    const played = market.closed ? [] : twoSellers.played(market);
    const all = (name) => played.reduce((total, seller) => total + seller[name], 0);
    return { status: "optimal", cost: all("most"), lower: all("earns"), ms: performance.now() - started, market, played };
  };

  views["two-sellers"] = (element, given) => {
    const { facts, knobs, notebook } = given;
    const names = ["left", "prices", "why", "reasons", "delivery", "imitation", "table"];
    const parts = Object.fromEntries(names.map((name) => [name, make("div")]));
    element.append(...Object.values(parts));
    const buyers = imitation(parts.imitation, given);

    const draw = ({ market, played }, values) => {
      buyers.stop();
      const two = played.length === 2;
      for (const name of names) parts[name].hidden = !played.length;
      for (const name of ["reasons", "imitation"]) parts[name].hidden = !two;
      if (!played.length) return;
      parts.left.textContent = twoSellersShown.leftOut(market);
      parts.prices.replaceChildren(twoSellersShown.prices(facts, market, played));
      parts.why.textContent = two ? twoSellersShown.whySaid(market, played) : "With one seller there is nothing to choose.";
      parts.delivery.textContent = twoSellersShown.deliverySaid(market, played);
      parts.table.replaceChildren(twoSellersShown.tableSaid(played));
      if (!two) return;
      parts.reasons.replaceChildren(twoSellersShown.reasons(facts, market, played));
      buyers.from(market, played, values);
    };
    return {
      draw, proof,
      solve: (values) => solve(facts, values),
      command: (values) => commandFor(notebook, knobs, facts, values),
      reset: buyers.reset,
    };
  };
}
