// Where two models change places along a size: exact runs, and from where no rule finds them, or
// their pieces are too many, samples.

const SAMPLES_PER_OCTAVE = 4;

// All turns along a size, from LOW to LARGEST; each says from where on which model has less.
function turnsAlong(data, entries, at, along) {
  const [turns, sampled] = [[], []];
  entries.forEach((left, k) => {
    for (const right of entries.slice(k + 1)) {
      const low = [left, right].reduce((most, e) => {
        const least = BigInt(e.least[along] ?? 1);
        return least > most ? least : most;
      }, 1n);
      const { runs, exact } = runsOf(data, left, right, at, along, low);
      if (!exact) sampled.push(`${left.name} and ${right.name}`);
      turns.push(...runs.slice(1).map((run) => turnOf(run, left, right)));
    }
  });
  turns.sort((a, b) => signOf(a.first - b.first));
  return { turns, sampled };
}

function turnOf({ first, last, sign }, left, right) {
  const [less, more] = sign <= 0 ? [left, right] : [right, left];
  return { first, last, less, more, equal: sign === 0 };
}

// The runs of the order of two formulas; a single number at which they are equal is no run.
function runsOf(data, left, right, at, along, low) {
  const programs = [left, right].map((entry) => data.programs[entry.program]);
  let [found, exact] = [[], true];
  try {
    found = signRuns(...programs, at, along, low, LARGEST);
  } catch (error) {
    if (!(error instanceof Unsolved || error instanceof NoValue)) throw error;
    exact = false;
    for (const run of error.found ?? []) joinRun(found, run);
    for (const run of sampledRuns(programs, at, along, error.first ?? low)) joinRun(found, run);
  }
  const runs = [];
  for (const run of found) {
    if (run.sign !== 0 || run.first < run.last) joinRun(runs, run);
  }
  return { runs, exact };
}

// Runs between samples; their ends are found by bisection, what turns twice between is not seen.
function sampledRuns(programs, at, along, low) {
  const order = (x) => orderAt(programs, new Map(at).set(along, x));
  const found = [{ first: low, last: low, sign: order(low) }];
  for (const x of samples(low, LARGEST, SAMPLES_PER_OCTAVE)) {
    const before = found.at(-1);
    const sign = order(x);
    if (sign === before.sign) {
      before.last = x;
      continue;
    }
    let [inside, beyond] = [before.last, x];
    while (beyond - inside > 1n) {
      const middle = (inside + beyond) / 2n;
      if (order(middle) === before.sign) inside = middle;
      else beyond = middle;
    }
    before.last = inside;
    found.push({ first: beyond, last: x, sign });
  }
  return found.filter((run) => run.sign !== null);
}

function orderAt(programs, at) {
  try {
    return comparedRatios(...programs.map((program) => evaluated(program, at)));
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    return null;
  }
}

// Whole numbers from low to high, so many to an octave, without those that are alike.
function samples(low, high, each) {
  const found = new Set();
  const first = Math.log2(Number(low));
  const count = Math.ceil((Math.log2(Number(high)) - first) * each);
  for (let k = 0; k <= count; k++) {
    const x = BigInt(Math.round(2 ** (first + k / each)));
    found.add(x < low ? low : x > high ? high : x);
  }
  return [...found];
}

// A turn as a sentence.
function turnText(turn, along, noun) {
  const from = `${along} = ${grouped(turn.first)}`;
  const where =
    turn.last === LARGEST ? `From ${from} on` : turn.first === turn.last
      ? `At ${from}`
      : `From ${from} to ${grouped(turn.last)}`;
  return turn.equal
    ? `${where}, ${turn.less.name} and ${turn.more.name} have the same ${noun}.`
    : `${where}, ${turn.less.name} has less ${noun} than ${turn.more.name}.`;
}
