// --- study B: the game of an hour of two sellers and buyers who are alike ----------------------------
// Closed forms and searches along one line, as vppcore/game/ has them; tests/test_live_game.py holds
// one against the other. Power in kW, prices in yuan/kWh, money in yuan per hour. A market is
// { sellers: [{ name, surplus, reservation }], need, low, top, text, demand }: the band of prices is
// from low to top, and text says that sellers take the buyers' choice for given.

const twoSellers = (() => {
  const HALVINGS = 60; // of an interval in which a number is searched
  const CLOSE = 3e-7; // of what a seller earns: two bounds have met
  const ROUNDING = 1e-9; // of a price: two prices are one
  const LEAST_KEPT = 0.1; // of a share in one step of imitation
  const LEAST_ASKED = 1e-9; // of a surplus: where the payoff of a seller whom nobody chooses is cut

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const within = (number, low, high) => Math.min(high, Math.max(low, number));

  // where something begins to hold that holds from there on; the nearer end if it never or always does
  const beginning = (holds, low, high) => {
    for (let k = 0; k < HALVINGS; k += 1) {
      const middle = (low + high) / 2;
      if (holds(middle)) high = middle; else low = middle;
    }
    return (low + high) / 2;
  };

  // --- what buyers want at a price, for each kWh that they need: B (17), (20) ------------------------
  const fixed = (tariff) => ({
    wished: () => 1,
    worth: (price) => tariff - price,
    wishFalls: () => 0,
    alone: () => Infinity, // the best price where nobody leaves
  });

  const elastic = (tariff, coefficient) => {
    const first = coefficient * tariff;
    const fall = first - tariff;
    return {
      wished: (price) => (first - price) / fall,
      worth: (price) => (first - price) ** 2 / (2 * fall),
      wishFalls: (price) => 1 / (first - price),
      alone: (reservation) => (first + reservation) / 2,
    };
  };

  // --- the market at a setting, or why there is none -------------------------------------------------
  const marketAt = ({ sellers, demands, orders }, setting) => {
    const { need, tariff, price_min: low } = setting;
    const top = Math.min(setting.price_max, tariff);
    const room = ROUNDING * Math.max(tariff, low);
    const all = sellers.map(({ name }, k) => ({
      name, surplus: setting[`surplus_${"ab"[k]}`], reservation: setting[`reservation_${"ab"[k]}`],
    }));
    const offering = all.filter(({ surplus }) => surplus > 0);
    const selling = offering.filter(({ reservation }) => top - reservation > room);
    const names = offering.map(({ name }) => name).join(" and ");
    let closed = "";
    if (low > setting.price_max) closed = "the lowest price allowed is above the highest";
    else if (tariff - low <= room) closed = "the lowest price allowed is not below the tariff";
    else if (!offering.length) closed = "nobody has power to sell";
    else if (!selling.length) closed = `what ${names} could sell is worth as much elsewhere as a buyer pays at most`;
    const isElastic = demands[Math.round(setting.demand ?? 0)] === "elastic";
    return {
      all, sellers: selling, need, tariff, low, top, closed,
      text: orders[Math.round(setting.game_order)] === "text",
      demand: isElastic ? elastic(tariff, setting.satisfaction_coefficient) : fixed(tariff),
    };
  };

  // --- where buyers rest: in proportion to worth times surplus ---------------------------------------
  const worths = ({ demand }, prices) => {
    const each = prices.map((price) => Math.max(demand.worth(price), 0));
    return each.some((worth) => worth > 0) ? each : each.map(() => 1); // who gains nowhere does not care
  };

  const rest = (market, prices) => {
    const offers = worths(market, prices).map((worth, k) => worth * market.sellers[k].surplus);
    return offers.map((offer) => offer / sum(offers));
  };

  // One step of the replicator, B (25): the share of the first of two sellers after it.
  const imitated = (market, prices, share, step) => {
    const shares = [share, 1 - share];
    const payoffs = worths(market, prices).map((worth, k) => {
      const { surplus } = market.sellers[k];
      return (worth * surplus) / Math.max(shares[k] * market.need, LEAST_ASKED * surplus);
    });
    const average = shares[0] * payoffs[0] + shares[1] * payoffs[1];
    const moved = shares.map((own, k) => own * Math.max(1 + step * (payoffs[k] / average - 1), LEAST_KEPT));
    return moved[0] / sum(moved);
  };

  // --- the sellers' prices ---------------------------------------------------------------------------
  // The part of all demand at which a price is the best one: there (p - c)(e_x + (1 - Y) e_v) = 1.
  const partOfBest = ({ demand }, reservation, price) => {
    const margin = price - reservation;
    if (margin <= 0) return -Infinity;
    const worth = demand.worth(price);
    if (worth <= 0) return 1; // the worth falls without limit
    return 1 - ((1 / margin - demand.wishFalls(price)) * worth) / demand.wished(price);
  };

  // Sellers who foresee: for each total offer K one price makes the best part the part that it brings;
  // the parts add up to less the larger K is, and to one at the equilibrium.
  const foreseen = (market) => {
    const { sellers, demand, low, top } = market;
    const pricesAt = (total) => sellers.map(({ surplus, reservation }) => beginning(
      (price) => partOfBest(market, reservation, price) > (demand.worth(price) * surplus) / total, low, top,
    ));
    const most = Math.log(demand.worth(low) * sum(sellers.map(({ surplus }) => surplus)));
    const total = beginning((logarithm) => {
      const prices = pricesAt(Math.exp(logarithm));
      return sum(prices.map((price, k) => demand.worth(price) * sellers[k].surplus)) < Math.exp(logarithm);
    }, most - Math.log(1e12), most + 1e-9);
    return pricesAt(Math.exp(total));
  };

  const equilibrium = (market) => {
    const { sellers, demand, low, top, text: held } = market;
    if (!held && sellers.length > 1) return foreseen(market);
    return sellers.map(({ reservation }) => within(demand.alone(reservation), low, top));
  };

  // What is wished of a seller at a price of its own while others keep theirs, kW; it never rises with
  // the price.
  const wishedOf = ({ sellers, need, demand, text: held }, prices, parts, seller) => {
    if (held) return (price) => need * parts[seller] * demand.wished(price);
    const offer = (price, k) => demand.worth(price) * sellers[k].surplus;
    const others = sum(prices.map((price, k) => (k === seller ? 0 : offer(price, k))));
    return (price) => {
      const own = offer(price, seller);
      return need * (others > 0 ? own / (own + others) : 1) * demand.wished(price);
    };
  };

  // The most that a seller earns at any price of the band. On a piece of the band nothing brings more
  // than its highest price at what is wished at its lowest; pieces that could still bring more than
  // what is known are halved. Nothing is taken for granted of where the best price lies.
  const mostOf = ({ low, top }, reservation, wished, known) => {
    let best = Math.max(known, (top - reservation) * wished(top));
    let pieces = [[low, top, wished(low)]];
    let bound = best;
    for (let round = 0; round < HALVINGS && pieces.length; round += 1) {
      const halves = [];
      for (const [from, to, amount] of pieces) {
        const middle = (from + to) / 2;
        const less = wished(middle);
        best = Math.max(best, (middle - reservation) * less);
        halves.push([from, middle, amount], [middle, to, less]);
      }
      const above = ([, to, amount]) => Math.max(to - reservation, 0) * amount;
      bound = halves.reduce((largest, piece) => Math.max(largest, above(piece)), best);
      pieces = halves.filter((piece) => above(piece) > best + CLOSE * Math.abs(best));
    }
    return bound;
  };

  // --- asked and sent --------------------------------------------------------------------------------
  // Buyers ask no more than they need; a seller sends what it has, and left-overs of both sides meet.
  const sentBy = ({ sellers, need, demand }, prices, parts) => {
    const wishes = parts.map((part, k) => part * demand.wished(prices[k]));
    const asked = wishes.map((wish) => (wish / Math.max(sum(wishes), 1)) * need);
    const first = asked.map((power, k) => Math.min(power, sellers[k].surplus));
    const lacking = sum(asked) - sum(first);
    const sent = first.map((power, k) => power + Math.min(lacking, sellers[k].surplus - power));
    return { asked, sent };
  };

  // The hour, played: each seller with its price, its part of the demand, what it earns and what it
  // could earn at most by another price.
  const played = (market) => {
    const prices = equilibrium(market);
    const parts = rest(market, prices);
    const worth = worths(market, prices);
    const { asked, sent } = sentBy(market, prices, parts);
    return market.sellers.map((seller, k) => {
      const wished = wishedOf(market, prices, parts, k);
      const earnedAt = (price) => (price - seller.reservation) * wished(price);
      const earns = earnedAt(prices[k]);
      const most = mostOf(market, seller.reservation, wished, earns);
      const found = { price: prices[k], part: parts[k], worth: worth[k], wished: wished(prices[k]), asked: asked[k], sent: sent[k] };
      return { ...seller, ...found, earns, most, earnedAt };
    });
  };

  return { marketAt, played, imitated };
})();
