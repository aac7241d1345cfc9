// --- a feeder: its tree and its voltages -------------------------------------------------------------
// Buses are counted from 0 in the order of the data; parents has -1 for those next to the substation.

// How many lines each bus is away from the substation, and a row in which its lateral is drawn.
const feederTree = (parents) => {
  const children = Array.from({ length: parents.length + 1 }, () => []);
  parents.forEach((parent, bus) => children[parent + 1].push(bus));
  const longest = (bus) => 1 + Math.max(0, ...children[bus + 1].map(longest));
  const taken = []; // [row, first, last]: where laterals are drawn
  const isFree = (row, first, last) => taken.every(([other, from, to]) => other !== row || last < from || first > to);
  const rowNear = (row, first, last) => {
    let far = 0;
    while (!isFree(row + far, first, last) && !isFree(row - far, first, last)) far += 1;
    return isFree(row + far, first, last) ? row + far : row - far;
  };
  const spots = [];
  const stand = (bus, depth, row) => {
    if (bus >= 0) spots[bus] = { depth, row };
    const next = [...children[bus + 1]].sort((one, other) => longest(other) - longest(one));
    next.forEach((child, k) => {
      const last = depth + longest(child);
      const own = k || bus < 0 ? rowNear(row, depth + 1, last) : row;
      if (k || bus < 0) taken.push([own, depth + 1, last]);
      stand(child, depth + 1, own);
    });
  };
  stand(-1, 0, 0);
  return spots;
};

const SUBSTATION = { depth: 0, row: 0 };
const deepestOf = (spots) => Math.max(...spots.map(({ depth }) => depth));

// The feeder as a tree with the VPPs on their buses; full dots are buses at a limit.
const feederMap = ({ parents, buses, source }, spots, vpps, atLimit, hourName, places) => {
  const rows = spots.map(({ row }) => row);
  const [top, bottom] = [Math.min(0, ...rows), Math.max(0, ...rows)];
  const x = scale(0, deepestOf(spots), 22, 538);
  const y = (row) => 66 + 84 * (row - top);
  const height = y(bottom) + 34;
  const apart = x(1) - x(0);
  const at = (bus) => (bus < 0 ? SUBSTATION : spots[bus]);
  const wires = spots.map((spot, bus) => {
    const from = at(parents[bus]);
    return line(x(from.depth), y(from.row), x(spot.depth), y(spot.row));
  });
  const stands = new Set(vpps.map(({ bus }) => bus));
  const ends = new Set(spots.keys());
  parents.forEach((parent) => ends.delete(parent));
  const dots = spots.map((spot, bus) => draws("g", {},
    draws("circle", { cx: x(spot.depth), cy: y(spot.row), r: 4.5, class: atLimit.has(bus) ? "bus at-limit" : "bus" }),
    ...(apart >= 26 || ends.has(bus) || stands.has(bus)
      ? [text(x(spot.depth), y(spot.row) + 24, buses[bus], { "text-anchor": "middle" })] : [])));
  const marks = vpps.map(({ name, colour, bus }, k) => {
    const { depth, row } = spots[bus];
    const near = vpps.slice(0, k).filter((other) => (
      spots[other.bus].row === row && Math.abs(x(spots[other.bus].depth) - x(depth)) < 56
    ));
    const here = near.filter((other) => other.bus === bus).length;
    const place = Math.min(530, Math.max(30, x(depth)));
    return draws("g", { style: `--own: ${colour}` },
      draws("circle", { cx: x(depth), cy: y(row), r: Math.max(3, 9 - 3 * here), class: "full" }),
      ...(atLimit.has(bus) ? [draws("circle", { cx: x(depth), cy: y(row), r: 12, class: "ring" })] : []),
      text(place, y(row) - 16 - 21 * near.length, name, { "text-anchor": "middle", class: "on" }));
  });
  const words = vpps.map(({ name, bus, kw }) => `${name} at bus ${buses[bus]} ${kw < 0 ? "feeds in" : "takes"} ${said(Math.abs(kw), places)} kW`);
  return picture(560, height, `The feeder from the substation, ${hourName}: ${words.join("; ")}.`,
    text(8, 16, "The feeder (full dots, rings: a bus at a limit)"), ...wires,
    draws("rect", { x: x(0) - 9, y: y(0) - 9, width: 18, height: 18, class: "part" }),
    text(x(0), y(0) + 24, source, { "text-anchor": "middle" }), ...dots, ...marks);
};

// The allowed band and its ends; `margin` of it is kept free.
const limitsBand = (y, { low, high, margin }, [start, end]) => [
  draws("rect", { x: start, y: y(high), width: end - start, height: y(low) - y(high), class: "band" }),
  ...(margin ? [low + margin, high - margin] : []).map((value) => line(start, y(value), end, y(value), { "stroke-dasharray": "2 4" })),
  text(start - 8, y(low) + 5, said(low, 3), { "text-anchor": "end" }),
  text(start - 8, y(high) + 5, said(high, 3), { "text-anchor": "end" }),
];

// Voltages along the feeder in one step: every line from its bus to the next. `ways` are drawn one over
// the other: { voltages by bus, dashed }.
const feederProfile = ({ parents, buses, source_squared: first }, spots, vpps, ways, limits, ends, title) => {
  const x = scale(0, deepestOf(spots), 70, 540);
  const y = scale(ends[0], ends[1], 200, 46);
  const drawn = ways.flatMap(({ voltages, dashed }) => {
    const at = (bus) => (bus < 0 ? [x(0), y(Math.sqrt(first))] : [x(spots[bus].depth), y(voltages[bus])]);
    const wires = parents.map((parent, bus) => line(...at(parent), ...at(bus), dashed
      ? { "stroke-dasharray": "5 4" } : { class: "wire" }));
    const marks = vpps.map(({ colour, bus }) => draws("circle", {
      cx: at(bus)[0], cy: at(bus)[1], r: 6, class: dashed ? "hollow" : "full", style: `--own: ${colour}`,
    }));
    return [...wires, ...marks];
  });
  const words = vpps.map(({ name, bus }) => (
    `at ${name}, bus ${buses[bus]}, ${ways.map(({ voltages, name: way }) => `${said(voltages[bus], 3)} ${way}`).join(", ")}`
  ));
  return picture(560, 250, `${title}: ${words.join("; ")}.`, text(8, 16, title),
    ...limitsBand(y, limits, [70, 540]), ...drawn,
    ...axisBelow(x, 0, deepestOf(spots), 204, "lines from the substation", [70, 540]));
};

// Lowest to highest voltage of all buses by step, within limits (full) and without (hollow).
const dayOfVoltages = (ways, limits, ends, here, stepName) => {
  const count = ways[0].ranges.length;
  const x = scale(0, count, 70, 540);
  const y = scale(ends[0], ends[1], 180, 46);
  const wide = (x(1) - x(0)) * 0.36;
  const bars = ways.flatMap(({ ranges, hollow }) => ranges.map(([low, high], k) => draws("rect", {
    x: x(k + 0.5) - (hollow ? wide : wide * 0.6), y: y(high), width: hollow ? 2 * wide : 1.2 * wide,
    height: Math.max(1.5, y(low) - y(high)), class: hollow ? "outline" : "part",
  })));
  const words = ways.map(({ ranges, name }) => (
    `${name} from ${said(Math.min(...ranges.map(([low]) => low)), 3)} to ${said(Math.max(...ranges.map(([, high]) => high)), 3)}`
  ));
  const shown = count > 30 ? [] : [...Array(count).keys()].filter((k) => (k + 1) % (count > 12 ? 4 : 1) === 0);
  return picture(560, 232, `Voltages of all buses over the day, per unit: ${words.join("; ")}.`,
    text(8, 16, "All buses over the day (hollow: limits ignored)"),
    ...limitsBand(y, limits, [70, 540]), ...bars, line(70, 184, 540, 184),
    draws("path", { d: `M${x(here + 0.5) - 6} 40l12 0l-6 8Z`, class: "here" }),
    ...shown.map((k) => text(x(k + 0.5), 202, k + 1, { "text-anchor": "middle" })),
    text(305, 225, stepName, { "text-anchor": "middle" }));
};

// Cost without trade, together and what trade saves: no limits, within them, and the difference.
const feederCosts = ({ apart, together }, alone, found, long, places) => {
  const row = (name, free, within) => make("tr", {}, make("th", { scope: "row" }, name),
    ...[free, within, within - free].map((yuan) => make("td", {}, Number.isFinite(yuan) ? said(yuan, places) : "none")));
  const within = alone.status === "optimal" ? alone.cost : NaN;
  const heads = [`yuan ${long}`, "limits ignored", "within limits", "difference"];
  return make("table", { class: "live-costs" },
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, row("without trade", apart.cost, within), row("together", together.cost, found.cost),
      row("saved by trading", apart.cost - together.cost, within - found.cost)));
};

// A folded table that stays open when its numbers change.
const unfolded = (place, title, head, rows) => {
  const open = place.querySelector("details")?.open;
  place.replaceChildren(tableOf(title, head, rows));
  place.querySelector("details").open = Boolean(open);
};
