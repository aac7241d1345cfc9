// --- two VPPs negotiate on one trade: the closed forms of vppcore/live/toy.py -----------------------
// A trade is what the first receives, kW; prices in yuan/kWh. Receiving x changes a side's cost by
// -price x + slope x² / 2 + fee |x|.

const KW_PER_MW = 1000;

// a number brought nearer to zero by so much, and no further
const shrunk = (number, by) => Math.sign(number) * Math.max(Math.abs(number) - by, 0);

const sideCost = ({ price, slope, fee }, x) => -price * x + (slope * x * x) / 2 + fee * Math.abs(x);

// what a side would like to receive: the least of cost(x) + pull x + penalty x² / 2
const sideAnswer = ({ price, slope, limit, fee }, pull, penalty) => {
  const left = shrunk(price - pull, fee);
  if (slope + penalty === 0) return Math.sign(left) * limit;
  return Math.min(limit, Math.max(-limit, left / (slope + penalty)));
};

// the least that a side pays if it may trade what it likes at a multiplier
const sideLeast = (side, multiplier) => {
  const x = sideAnswer(side, multiplier, 0);
  return sideCost(side, x) + multiplier * x;
};

const sidesOf = (setting) => [1, 2].map((k) => ({
  price: setting[`price_${k}`], slope: setting[`slope_${k}`] / KW_PER_MW,
  limit: setting.trade_limit, fee: setting.crossing_fee,
}));

const upperOf = ([first, second], trade) => sideCost(first, trade) + sideCost(second, -trade);
const lowerOf = (sides, multiplier) => sideLeast(sides[0], multiplier) + sideLeast(sides[1], multiplier);

// The best trade, what it costs, and between what the multipliers that prove it lie.
const bestOf = (sides) => {
  const [first, second] = sides;
  const both = {
    price: first.price - second.price, slope: first.slope + second.slope,
    limit: first.limit, fee: 2 * first.fee,
  };
  const trade = sideAnswer(both, 0, 0);
  const ends = [[first, trade], [second, -trade]].map(([{ price, slope, fee }, x]) => (
    [-1, 1].filter((way) => !x || way === Math.sign(x)).map((way) => price - slope * x - way * fee)
  ));
  let [low, high] = ends.flat().sort((one, other) => one - other);
  if (!trade) {
    low = Math.max(...ends.map((pair) => Math.min(...pair)));
    high = Math.min(...ends.map((pair) => Math.max(...pair)));
  } else if (Math.abs(trade) < first.limit) [low, high] = [ends[0][0], ends[0][0]];
  return { trade, low, high, cost: upperOf(sides, trade) };
};

// One round; `state` has what each expects to receive, the meeting point and the multiplier.
const oneRound = ([first, second], { order, penalty }, state) => {
  const { expected: [, before], target, multiplier } = state;
  const inTurn = order === "sequential";
  const one = sideAnswer(first, multiplier - penalty * (inTurn ? -before : target), penalty);
  const other = sideAnswer(second, multiplier - penalty * (inTurn ? -one : -target), penalty);
  const apart = one + other;
  return {
    expected: [one, other], target: (one - other) / 2,
    multiplier: multiplier + penalty * (inTurn ? apart : apart / 2),
  };
};

// The talks until the bounds are no more than `enough` apart: round by round what `keep` is told.
const talkOn = (sides, how, { enough, patience }, keep = () => {}) => {
  let state = { expected: [0, 0], target: 0, multiplier: 0 };
  let [upper, lower, round] = [0, -Infinity, 0];
  while (round < patience && !(round && upper - lower <= enough)) {
    state = oneRound(sides, how, state);
    round += 1;
    upper = upperOf(sides, state.target);
    lower = lowerOf(sides, state.multiplier);
    keep(state, upper, lower);
  }
  return { rounds: round, upper, lower, met: upper - lower <= enough };
};

// The talks with all that was said: `first` receives and `second` sends, kW.
const wholeTalk = (sides, how, facts) => {
  const told = { first: [], second: [], multiplier: [], middle: [], upper: [], lower: [] };
  const end = talkOn(sides, how, facts, ({ expected, target, multiplier }, upper, lower) => {
    told.first.push(expected[0]);
    told.second.push(-expected[1]);
    told.middle.push(target);
    told.multiplier.push(multiplier);
    told.upper.push(upper);
    told.lower.push(lower);
  });
  return { ...told, ...end, upper: told.upper, lower: told.lower };
};
