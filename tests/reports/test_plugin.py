"""The pytest plugin: a claim is a test, its verdict is shown, and a failure says why."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

INSTALLED = any(e.value == "workspan.reports.plugin" for e in entry_points(group="pytest11"))
ARGUMENTS = ("-p", "no:cacheprovider", *(() if INSTALLED else ("-p", "workspan.reports.plugin")))

MODELS = """
import workspan as ws

@ws.claim("span of scanned is Theta(n) with unit layer")
@ws.claim("params is 2 d^2 + 2 d + 1")
@ws.claim("state is at most 2 d")
def scanned(x):
    gate, value = ws.sigmoid(ws.linear(x, "d", name="gate")), ws.linear(x, "d", name="value")

    def step(h, inputs):
        g, v = inputs
        h = g * h + (1 - g) * v
        return h, h

    return ws.scan(step, ws.zeros("d"), (gate, value))[1]

def test_other():
    pass
"""


def test_every_claim_is_one_test(pytester: pytest.Pytester) -> None:
    """Three claims and a function are four tests; a verdict is what a test that passes says."""
    pytester.makepyfile(MODELS)
    result = pytester.runpytest_inprocess("-v", *ARGUMENTS)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*scanned[[]span of scanned is Theta(n) with unit layer[]] PROVED*",
            "*scanned[[]params is 2 d^2 + 2 d + 1[]] FAILED*",
            "*scanned[[]state is at most 2 d[]] PROVED*",
            "*refuted: params is 2 d^2 + 2 d + 1",
            "*counterexample: d=1",
            "*instead: params = 2*d**2 + 2*d",
        ]
    )


def test_a_sentence_that_is_none_is_an_error_of_collection(pytester: pytest.Pytester) -> None:
    """The message quotes the sentence."""
    pytester.makepyfile(
        """
        import workspan as ws

        @ws.claim("layer is nice")
        def layer(x):
            return x
        """
    )
    result = pytester.runpytest_inprocess(*ARGUMENTS)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'layer is nice': expected a figure such as span, got 'layer'*"])


def test_a_file_without_claims_is_as_it_was(pytester: pytest.Pytester) -> None:
    """Nothing changes where nothing is claimed."""
    pytester.makepyfile("def test_a():\n    pass\n\ndef helper(x):\n    return x\n")
    result = pytester.runpytest_inprocess(*ARGUMENTS)
    result.assert_outcomes(passed=1)
