// The models in the order of a figure, the least first: a list that bars only illustrate.

// Fills the list: entries are {name, style, value, growth, grade, rank} in order.
function fillRanking(list, entries, unit, growthOf) {
  const logs = entries.filter((e) => e.value.above > 0n).map((e) => logarithm(e.value));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  list.replaceChildren(
    ...entries.map((entry) => {
      const part = barPart(entry.value, least, most);
      const times = timesText(entry.value, entries[0].value);
      const bar = make("span", { class: `bar ${entry.style}` });
      bar.style.width = `${part}%`;
      return make(
        "li",
        { value: entry.rank },
        make(
          "span",
          { class: "line" },
          make("span", { class: "name" }, entry.name),
          make("span", { class: "value" }, valueOf(entry.value), ` ${unit}`),
        ),
        make("span", { class: "track", "aria-hidden": "true" }, bar),
        make("span", { class: "quiet" }, growthOf(entry), ` ${entry.grade}${times}`),
      );
    }),
  );
}

// How much of its track a bar takes, on a logarithmic scale.
function barPart(value, least, most) {
  if (value.above <= 0n) return 0;
  return most - least < 1e-9 ? 100 : 4 + (96 * (logarithm(value) - least)) / (most - least);
}

function timesText(value, least) {
  if (least.above <= 0n || comparedRatios(value, least) === 0) return "";
  return `, ${nearText(ratio(value.above * least.below, value.below * least.above))} times the least`;
}

// Ranks from 1 on; what is equal has the same.
function ranked(entries) {
  const sorted = [...entries].sort((a, b) => comparedRatios(a.value, b.value) || a.order - b.order);
  sorted.forEach((entry, k) => {
    const before = sorted[k - 1];
    entry.rank = before && comparedRatios(before.value, entry.value) === 0 ? before.rank : k + 1;
  });
  return sorted;
}
