// A problem with knobs, solved in the page. These files are joined to one module, for the book's
// pages and for notebooks (vppcore/pages/live.py); none imports another.
//
// The data say how every number of the problem depends on the knobs. Nothing of the model is written
// here: numbers are set, HiGHS is asked, and what it answers is proved.

const ROUNDS = 40; // of tangents to a quadratic cost
const TANGENTS = 2000; // that are remembered from setting to setting
const views = {}; // name -> (element, parts) -> what draws a solution


// --- the numbers at a setting ---------------------------------------------------------------------
// how far each term is turned: a knob, or a product of knobs
const turns = ({ knobs, terms }, settings) => terms.map((term) => (
  term.reduce((product, k) => product * (settings[knobs[k].name] - knobs[k].usual), 1)
));

// numbers that depend on the knobs: what they are at the usual setting, and per unit of each term
const at = ({ base, slopes }, turned, infinite = 0) => {
  const numbers = Float64Array.from(base, (value) => value ?? infinite);
  slopes.forEach(({ places, by }, term) => {
    if (turned[term]) places.forEach((place, k) => { numbers[place] += by[k] * turned[term]; });
  });
  return numbers;
};

// where the entries of a table stand, column after column, as solvers take them
const byColumns = ({ shape, rows, columns }) => {
  const order = Array.from(rows.keys()).sort((i, j) => columns[i] - columns[j] || rows[i] - rows[j]);
  const starts = new Int32Array(shape[1] + 1);
  for (const column of columns) starts[column + 1] += 1;
  for (let k = 0; k < shape[1]; k += 1) starts[k + 1] += starts[k];
  return { order, starts, indices: Int32Array.from(order, (entry) => rows[entry]) };
};

const times = ({ shape, rows, columns }, entries, x) => {
  const product = new Float64Array(shape[0]);
  for (let k = 0; k < rows.length; k += 1) product[rows[k]] += entries[k] * x[columns[k]];
  return product;
};

// --- solving --------------------------------------------------------------------------------------
class Problem {
  constructor(highs, data) {
    this.highs = highs;
    this.data = data;
    this.table = data.tables.matrix;
    this.places = byColumns(this.table);
    this.curved = data.tables.quadratic.columns;
    this.touched = []; // [place in curved, where]: tangents of solutions found so far
    this.basis = null;
  }

  // the same problem, with a memory of its own of where it was solved last
  again() {
    return new Problem(this.highs, this.data);
  }

  numbers(settings) {
    const { vectors } = this.data;
    const turned = turns(this.data, settings);
    return {
      cost: at(vectors.cost, turned),
      offset: at(vectors.offset, turned),
      row_low: at(vectors.row_low, turned, -Infinity),
      row_high: at(vectors.row_high, turned, Infinity),
      column_low: at(vectors.column_low, turned, -Infinity),
      column_high: at(vectors.column_high, turned, Infinity),
      matrix: at(this.table.entries, turned),
      curve: this.curves(at(this.data.tables.quadratic.entries, turned)),
    };
  }

  // The cheapest solution at a setting: what it costs, a bound that nothing beats, and its outputs.
  solve(settings) {
    const started = performance.now();
    const numbers = this.numbers(settings);
    const model = this.model(numbers);
    const found = this.highs.withModel(model, (solver) => {
      solver.options.set({ output_flag: false });
      return this.curved.length ? this.climb(solver, numbers) : this.run(solver);
    });
    const { optimal, infeasible } = this.highs.constants.modelStatus;
    const status = { [optimal]: "optimal", [infeasible]: "infeasible" }[found.status] ?? "unsolved";
    const unmet = status === "infeasible" ? this.unmet(numbers) : {};
    if (status !== "optimal") return { status, ms: performance.now() - started, ...unmet };
    const lower = lowerBound(numbers, this.table, this.data.reach, allowed(found.y, numbers));
    return { status, cost: found.cost, lower, ms: performance.now() - started, ...this.shown(found, settings) };
  }

  // the problem as the solver takes it
  model(numbers) {
    const { order, starts, indices } = this.places;
    const [numRows, numCols] = this.table.shape;
    const values = Float64Array.from(order, (entry) => numbers.matrix[entry]);
    return {
      numCols, numRows, offset: numbers.offset[0], colCost: numbers.cost,
      colLower: numbers.column_low, colUpper: numbers.column_high,
      rowLower: numbers.row_low, rowUpper: numbers.row_high,
      matrix: { format: "csc", starts, indices, values, numCols, numRows },
    };
  }

  // Why there is no solution: the least that the balances lack or have too much, everything else
  // kept. Where that is not enough, or no balance has a name, every row is opened.
  unmet(numbers) {
    const { balances = {} } = this.data;
    const named = Object.values(balances).flatMap(({ rows }) => rows);
    const all = Array.from({ length: this.table.shape[0] }, (_, row) => row);
    const opened = (named.length && this.opened(numbers, named)) || this.opened(numbers, all);
    if (!opened) return { gaps: [], contradiction: NaN };
    const { gaps, contradiction, rows } = opened;
    return { gaps: rows === named ? gapsIn(balances, gaps) : [], contradiction };
  }

  // What these rows lack and have too much, two numbers a row, and by how much the rows, weighted by
  // multipliers, contradict each other; nothing if opening them does not help.
  opened(numbers, rows) {
    const width = this.table.shape[1];
    const none = new Float64Array(width);
    const free = { ...numbers, cost: none, curve: none, offset: [0] };
    return this.highs.withModel(this.model(free), (solver) => {
      solver.options.set({ output_flag: false });
      for (const row of rows) {
        for (const sign of [1, -1]) solver.addCol(1, 0, this.highs.infinity, { indices: [row], values: [sign] });
      }
      if (solver.run().modelStatus !== this.highs.constants.modelStatus.optimal) return null;
      const { colValue, rowDual } = solver.getSolution();
      const y = allowed(rowDual, free);
      const contradiction = lowerBound(free, this.table, this.data.reach, y);
      return { rows, gaps: colValue.slice(width), contradiction };
    });
  }

  // of each column, how much its cost curves
  curves(entries) {
    const curve = new Float64Array(this.table.shape[1]);
    entries.forEach((value, k) => { curve[this.curved[k]] += value; });
    return curve;
  }

  // A quadratic cost by its tangents, and more of them where the solution comes to lie, until it is
  // met: the cost of what is found is the true one, and the multipliers prove how near it is.
  climb(solver, numbers) {
    const [width, height] = [this.table.shape[1], this.table.shape[0]];
    const curve = this.curved.map((column) => numbers.curve[column]);
    curve.forEach((_, k) => {
      solver.addVar(0, this.highs.infinity);
      solver.changeColCost(width + k, 1);
    });
    const touch = ([k, where]) => solver.addRow((-curve[k] * where * where) / 2, this.highs.infinity, {
      indices: [this.curved[k], width + k], values: [-curve[k] * where, 1],
    });
    this.touched.forEach(touch);
    for (let round = 0; round < ROUNDS; round += 1) {
      if (solver.run().modelStatus !== this.highs.constants.modelStatus.optimal) break;
      const { colValue, rowDual } = solver.getSolution();
      const x = colValue.slice(0, width);
      const missing = curve.map((value, k) => (value * x[this.curved[k]] ** 2) / 2 - colValue[width + k]);
      const cost = solver.getObjectiveValue() + missing.reduce((sum, value) => sum + value, 0);
      const near = 1e-8 * Math.abs(cost) / curve.length;
      const fresh = missing.flatMap((value, k) => (value > near ? [[k, x[this.curved[k]]]] : []));
      if (!fresh.length || round === ROUNDS - 1) {
        return { status: this.highs.constants.modelStatus.optimal, cost, x, y: rowDual.slice(0, height) };
      }
      fresh.forEach(touch);
      this.touched = [...this.touched, ...fresh].slice(-TANGENTS);
    }
    return { status: solver.getModelStatus() };
  }

  run(solver) {
    if (this.basis) solver.setBasis(this.basis);
    const { modelStatus: status } = solver.run();
    if (status !== this.highs.constants.modelStatus.optimal) return { status };
    this.basis = solver.getBasis();
    const { colValue, rowDual } = solver.getSolution();
    return { status, cost: solver.getObjectiveValue(), x: colValue, y: rowDual };
  }

  shown({ x, y }, settings) {
    const { vectors, tables, prices } = this.data;
    const turned = turns(this.data, settings);
    const read = (name) => {
      const offset = at(vectors[name], turned);
      return times(tables[name], at(tables[name].entries, turned), x).map((value, k) => value + offset[k]);
    };
    const outputs = {};
    for (const name of Object.keys(tables).filter((each) => each.startsWith("output "))) {
      const plain = name.slice("output ".length);
      const absolute = tables[`absolute ${plain}`] ? read(`absolute ${plain}`) : [];
      const largest = tables[`largest ${plain}`] ? Math.max(...read(`largest ${plain}`)) : 0;
      const more = absolute.reduce((sum, value) => sum + Math.abs(value), largest);
      outputs[plain] = read(name).map((value) => value + more);
    }
    const marginal = Object.fromEntries(Object.entries(prices).map(([name, { rows, factor }]) => (
      [name, rows.map((row) => factor * y[row])]
    )));
    return { outputs, prices: marginal };
  }
}
