// --- what proves an answer ---------------------------------------------------------------------------
const NOISE = 1e-7; // of the largest gap: what a solver leaves

// Whatever the multipliers y, no solution costs less than this: rows by their limits, columns by
// theirs or, where they have none, by how far a cheapest solution can get. A column with a quadratic
// cost is at its best where its slope is zero, or at an end.
const lowerBound = (numbers, table, reach, y) => {
  const rest = Float64Array.from(numbers.cost);
  for (let k = 0; k < table.rows.length; k += 1) {
    rest[table.columns[k]] -= numbers.matrix[k] * y[table.rows[k]];
  }
  let bound = numbers.offset[0];
  y.forEach((multiplier, row) => {
    if (multiplier) bound += multiplier * (multiplier > 0 ? numbers.row_low : numbers.row_high)[row];
  });
  rest.forEach((cost, column) => {
    const curve = numbers.curve[column];
    if (!cost && !curve) return;
    const [low, high] = ["low", "high"].map((end) => {
      const own = numbers[`column_${end}`][column];
      return Number.isFinite(own) ? own : reach[end][column];
    });
    const best = curve ? Math.min(high, Math.max(low, -cost / curve)) : (cost > 0 ? low : high);
    bound += cost * best + (curve * best * best) / 2;
  });
  return bound;
};

// a multiplier of a limit that is not there proves nothing
const allowed = (y, numbers) => Float64Array.from(y, (multiplier, row) => (
  Number.isFinite((multiplier > 0 ? numbers.row_low : numbers.row_high)[row]) ? multiplier : 0
));

// What balances lack (missing) or have too much (surplus), by step, from the two columns that open
// each of their rows; those that close are left out.
const gapsIn = (balances, opened) => {
  const most = opened.reduce((one, other) => Math.max(one, other), 0);
  let place = 0;
  return Object.entries(balances).flatMap(([name, { rows, unit }]) => {
    const pairs = rows.map((_, k) => [opened[place + 2 * k], opened[place + 2 * k + 1]]);
    place += 2 * rows.length;
    return [["lacks", 0], ["has too much by", 1]].flatMap(([verb, side]) => {
      const amounts = pairs.map((pair) => pair[side]);
      const largest = Math.max(...amounts);
      if (!(largest > NOISE * most)) return [];
      const steps = amounts.filter((amount) => amount > NOISE * most).length;
      return [{ name, unit, verb, largest, step: amounts.indexOf(largest) + 1, steps }];
    });
  });
};
