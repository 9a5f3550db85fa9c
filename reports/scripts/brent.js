// Brent's interval: how many steps a schedule on p processors takes, from work and span.

// max(T_1/p, T_inf) <= T_p <= T_1/p + T_inf, in whole steps.
function brentInterval(work, span, processors) {
  const share = ratio(work.above, work.below * processors);
  const lower = comparedRatios(share, span) < 0 ? span : share;
  const upper = ratio(share.above * span.below + span.above * share.below, share.below * span.below);
  return [ratio(roundedUp(lower.above, lower.below)), ratio(roundedDown(upper))];
}

// Fills the rows of a table: model, T_1, T_inf, at least, at most; or why there is none.
function fillBrent(body, rows, processors) {
  body.replaceChildren(
    ...rows.map(({ name, work, span }) => {
      const head = make("th", { scope: "row" }, name);
      const reason = work.reason ?? span.reason;
      if (reason) {
        return make("tr", {}, head, make("td", { colspan: 4, class: "quiet" }, reason));
      }
      const numbers = [work.value, span.value, ...brentInterval(work.value, span.value, processors)];
      const cells = numbers.map((value) => make("td", { class: "number" }, valueOf(value)));
      return make("tr", {}, head, ...cells);
    }),
  );
}
