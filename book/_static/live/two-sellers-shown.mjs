// --- study B: pictures and sentences of an hour of two sellers ----------------------------------------
// What is shown is what two-sellers-game.mjs has found; each sentence is true of that, whatever it is.
// facts: sellers (name, and colours light and dark).

const twoSellersShown = (() => {
  const NEAR = 1e-3; // of all demand: a share is at rest
  const SAME = 1e-6; // of a number: two are alike
  const CURVE = 80; // points of a curve

  const colour = ({ light, dark }) => ({ class: "live-two", style: `--light: ${light}; --dark: ${dark}` });
  const alike = (one, other) => Math.abs(one - other) <= SAME * Math.max(Math.abs(one), Math.abs(other));
  const dashed = (k) => (k ? { "stroke-dasharray": "7 4" } : {});

  // Above, each seller's price between what its power is worth to it and the end of the band; below,
  // what it would earn at any other price while the other keeps its own. The dots are at the top.
  const prices = (facts, { low, top }, played) => {
    const ends = [Math.min(low, ...played.map(({ reservation }) => reservation)), top];
    const x = scale(...ends, 70, 540);
    const most = Math.max(...played.map(({ earns }) => earns));
    const y = scale(0, 1.1 * most || 1, 300, 130);
    const rows = played.map((seller, k) => {
      const { name, price, reservation } = seller;
      const own = facts.sellers.find((each) => each.name === name);
      const from = Math.max(low, reservation);
      const points = Array.from({ length: CURVE + 1 }, (_, i) => from + ((top - from) * i) / CURVE);
      const curve = points.map((each) => [x(each), y(seller.earnedAt(each))]);
      const height = 62 + 26 * k;
      return draws("g", colour(own),
        text(8, height + 5, name),
        line(x(reservation), height, x(price), height, { class: "own" }),
        draws("circle", { cx: x(reservation), cy: height, r: 5, class: "hollow" }),
        draws("circle", { cx: x(price), cy: height, r: 6, class: "full" }),
        draws("path", { d: path(curve), class: "own line", ...dashed(k) }),
        line(x(price), height, x(price), y(seller.earns), { class: "own thin" }),
        draws("circle", { cx: x(price), cy: y(seller.earns), r: 6, class: "full" }));
    });
    const words = played.map(({ name, price, earns }) => `${name} asks ${said(price, 4)} and earns ${said(earns)}`).join("; ");
    return picture(560, 356, `Prices in yuan/kWh on the band from ${said(low, 2)} to ${said(top, 2)}, and yuan an hour: ${words}.`,
      draws("rect", { x: x(low), y: 40, width: Math.max(1, x(top) - x(low)), height: 66, class: "band" }),
      text(8, 18, "Prices (hollow: reservation price)"),
      text(8, 124, "Earned over its own price, yuan an hour"),
      ...rows, text(62, y(0) + 5, "0", { "text-anchor": "end" }),
      text(62, y(most) + 5, said(most), { "text-anchor": "end" }),
      ...axisBelow(x, ...ends, 302, "price (yuan/kWh)", [70, 540]));
  };

  // Where every price is the tariff no choice is worth anything.
  const worthless = ({ demand }, played) => played.every(({ price }) => demand.worth(price) <= 0);

  // Worth times surplus is how often a seller is chosen: three bars, each divided in two.
  const reasons = (facts, market, [one, other]) => {
    const rows = [
      ...(worthless(market, [one, other]) ? [] : [["worth", one.worth, other.worth]]),
      ["surplus", one.surplus, other.surplus],
      ["chosen", one.part, other.part],
    ].map(([name, first, second]) => [name, first / (first + second)]);
    const x = scale(0, 1, 110, 540);
    const [left, right] = facts.sellers.map(colour);
    const bars = rows.flatMap(([name, part], k) => {
      const y = 30 + 30 * k;
      return [text(102, y + 16, name, { "text-anchor": "end" }),
        draws("g", left, draws("rect", { x: x(0), y, width: x(part) - x(0), height: 22, class: "full" })),
        draws("g", right, draws("rect", { x: x(part), y, width: x(1) - x(part), height: 22, class: "soft" }))];
    });
    const names = [text(110, 18, one.name), text(540, 18, other.name, { "text-anchor": "end" })];
    const percent = rows.flatMap(([, part], k) => [
      text(116, 46 + 30 * k, `${said(100 * part)} %`, { class: "on" }),
      text(534, 46 + 30 * k, `${said(100 - Math.round(100 * part))} %`, { class: "on", "text-anchor": "end" }),
    ]);
    const words = rows.map(([name, part]) => `${name} ${said(100 * part)} to ${said(100 - Math.round(100 * part))}`).join("; ");
    return picture(560, 130, `${one.name} beside ${other.name}, in percent: ${words}.`, ...names, ...bars, ...percent,
      line(x(0.5), 24, x(0.5), 28 + 30 * rows.length, { "stroke-dasharray": "3 3" }));
  };

  // The share that chooses the first seller, step by step of the buyers' imitation.
  const settling = (facts, { name, shares, at, rest }) => {
    const [x, y] = [scale(0, shares.length - 1, 70, 540), scale(0, 1, 150, 34)];
    const dots = shares.map((share, k) => draws("circle", { cx: x(k), cy: y(share), r: k === at ? 7 : 4, class: k <= at ? "full" : "hollow" }));
    const words = `step ${at}, ${said(shares[at], 3)}; at rest ${said(rest, 3)}`;
    return picture(560, 206, `Part of all demand that chooses ${name}: ${words}.`,
      text(8, 18, `Part of all demand that chooses ${name}`),
      line(70, y(rest), 540, y(rest), { "stroke-dasharray": "3 3" }),
      draws("g", colour(facts.sellers[0]), draws("path", { d: path(shares.slice(0, at + 1).map((share, k) => [x(k), y(share)])), class: "own line" }), ...dots),
      text(62, y(0) + 5, "0", { "text-anchor": "end" }), text(62, y(1) + 5, "1", { "text-anchor": "end" }),
      ...axisBelow(x, 0, shares.length - 1, 152, "steps of imitation", [70, 540]));
  };

  const settlingSaid = ({ name, shares, at, rest }) => {
    const first = shares.findIndex((_, k) => shares.slice(k).every((share) => Math.abs(share - rest) <= NEAR));
    const end = first < 0 ? `In ${shares.length - 1} steps it does not come within a thousandth of rest.` : `From step ${first} on it is within a thousandth of rest.`;
    return `Step ${at}: ${said(shares[at], 3)} of all demand chooses ${name}; buyers rest at ${said(rest, 3)}. ${end}`;
  };

  // Why the one is chosen more: true of what was found, whatever it is.
  const whySaid = (market, [one, other]) => {
    if (worthless(market, [one, other])) {
      return "Both prices are the tariff, so no choice is worth anything: buyers go by the surplus alone.";
    }
    const [more, less] = one.part >= other.part ? [one, other] : [other, one];
    const often = (seller) => `${said(100 * seller.part, 1)} %`;
    const reckoned = `Choosing ${more.name} is worth ${said(more.worth, 4)} yuan for each kWh needed, choosing ${less.name} `
      + `${said(less.worth, 4)}; ${more.name} has ${said(more.surplus)} kW to share, ${less.name} ${said(less.surplus)}. Worth times surplus decides.`;
    if (alike(more.part, less.part)) return `Both are chosen alike. ${reckoned}`;
    const chosen = `${more.name} is chosen more (${often(more)} to ${often(less)})`;
    if (alike(one.price, other.price)) return `Both ask the same, and ${chosen}: it has more to share.`;
    if (more.price < less.price) return `${more.name} is the cheaper one, and ${chosen}. ${reckoned}`;
    return `${less.name} is the cheaper one, and yet ${chosen}: it has so much more to share that it makes up for the price. ${reckoned}`;
  };

  // Asked is not sent: what becomes of it in money.
  const deliverySaid = ({ need, top }, played) => {
    const all = (name) => played.reduce((total, seller) => total + seller[name], 0);
    const wished = all("wished");
    const counted = wished > need * (1 + SAME)
      ? ` The earnings above count the ${said(wished)} kW that buyers wish for; they can use ${said(need)}.` : "";
    if (all("surplus") < need) {
      const cheap = played.filter(({ price }) => price < top && !alike(price, top)).map(({ name }) => name).join(" and ");
      const more = cheap && `; in money that is paid ${said(top, 2)} yuan/kWh would bring ${cheap} more`;
      return `There is less than the ${said(need)} kW needed, so everything is sold at any price${more}.${counted}`;
    }
    const short = played.find(({ asked, surplus }) => asked > surplus * (1 + SAME));
    if (!short) return `Nobody is asked for more than it has: what is asked is sent.${counted}`;
    return `${short.name} is asked for ${said(short.asked)} kW and has ${said(short.surplus)}; the other sends the rest.`
      + `${counted || " The earnings above count what is asked."}`;
  };

  const leftOut = ({ all, sellers }) => all
    .filter(({ name }) => !sellers.some((each) => each.name === name))
    .map(({ name, surplus }) => (
      surplus > 0 ? `${name} keeps its power: to itself it is worth what a buyer pays at most.` : `${name} has nothing to sell.`
    )).join(" ");

  const tableSaid = (played) => tableOf("These numbers as a table",
    ["seller", "price (yuan/kWh)", "chosen (%)", "asked (kW)", "sent (kW)", "earns (yuan an hour)", "at most, moving alone", "gain (yuan)"],
    played.map(({ name, price, part, asked, sent, earns, most }) => [
      name, said(price, 4), said(100 * part, 2), said(asked), said(sent), said(earns, 2), said(most, 2), said(most - earns, 2),
    ]));

  return { prices, reasons, settling, settlingSaid, whySaid, deliverySaid, leftOut, tableSaid };
})();
