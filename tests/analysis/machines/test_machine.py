"""Machines: files are read strictly, and the shipped ones hold what their documents state."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.machines.calibrating import Measured, machine_text
from workspan.analysis.machines.machine import FOLDER, MachineError, load, names, parse
from workspan.analysis.machines.quantities import EXAMPLES, QuantityError, quantity, shown
from workspan.analysis.machines.task import Task, TaskError

GOOD = (FOLDER / "a100.toml").read_text(encoding="utf-8")


def test_datasheets() -> None:
    """The figures are those of the datasheets of NVIDIA (2021, 2023) and of Apple (2021)."""
    a100, h100, laptop = load("a100"), load("h100"), load("m1_max")
    assert (a100.rates["bf16"], a100.rates["fp32"], a100.rates["tf32"]) == (312e12, 19.5e12, 156e12)
    assert (a100.bandwidth, a100.memory, a100.power) == (2039e9, 80e9, 400)
    # The datasheet of the H100 states 1979 Tflop/s with sparsity, twice the dense rate.
    assert (h100.rates["bf16"], h100.rates["fp8"], h100.bandwidth) == (989.5e12, 1979e12, 3.35e12)
    assert (laptop.rates["fp32"], laptop.bandwidth, laptop.memory) == (10.4e12, 400e9, 64e9)


def test_every_shipped_file_says_where_its_figures_are_from() -> None:
    """Law: each file reads, names a source, and says of a latency that is not measured that it is an estimate."""
    assert {"a100", "h100", "m1_max", "vm_torch", "vm_numpy"} <= set(names())
    for name in names():
        machine = load(name)
        told = " ".join((*machine.sources, *machine.estimates))
        assert machine.sources
        assert "measured by workspan machine calibrate" in told or "latency: no document" in told


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('bandwidth = "2039 GB/s"\nmemory', "memory", "bandwidth"),
        ('memory = "80 GB"', 'memory = "80"', "memory: expected a number with a unit"),
        ('memory = "80 GB"', 'memory = "0 GB"', "memory: expected"),
        ('memory = "80 GB"', 'memory = "-80 GB"', "memory: expected a number with a unit"),
        ('memory = "80 GB"', 'memory = "nan GB"', "memory: expected a number with a unit"),
        ('memory = "80 GB"', "memory = 80", "memory"),
        ('memory = "80 GB"', 'memory = "80 GB/s"', "memory: expected a number with a unit"),
        ('bf16 = "312 Tflop/s"', 'bf16 = "312e30 Tflop/s"', "rates.bf16: expected"),
        ('bf16 = "312 Tflop/s"', 'bf17 = "312 Tflop/s"', "rates: expected number formats"),
        ("cores = 108", "cores = 0", "cores: expected 1 to"),
        ("cores = 108", "cores = 108\nspeed = 3", "speed"),
        ('latency = "4 us"', 'latency = "4 h"', "latency: expected a number with a unit"),
        ("devices = 8", "devices = 0", "link.devices"),
        ("[link]", "[link", "file.toml"),
        ("sources = [", "sources = []\nothers = [", "others"),
    ],
)
def test_a_bad_file_is_one_line(old: str, new: str, said: str) -> None:
    """Law: a field that is missing, unknown, without a unit or absurd is named, with the file."""
    assert old in GOOD
    with pytest.raises(MachineError) as error:
        parse(GOOD.replace(old, new, 1).encode(), "file.toml")
    message = str(error.value)
    assert message.startswith("file.toml: ")
    assert said in message
    assert "\n" not in message


@examples(150)
@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=12))
def test_any_file_is_a_machine_or_an_error(start: int, length: int, other: bytes) -> None:
    """Law: whatever stands in a file, it is read as a machine with sane figures, or refused in a line."""
    text = GOOD.encode()
    refused = ""
    try:
        found = parse(text[:start] + other + text[start + length :], "file.toml")
    except MachineError as error:
        refused = str(error)
    if refused:
        assert refused.startswith("file.toml: ")
        assert "\n" not in refused
        return
    figures = (found.bandwidth, found.memory, found.cache, found.latency, *found.rates.values())
    assert all(0 < value < 1e22 for value in figures)


def test_a_rate_that_no_file_states_is_an_error() -> None:
    """An unknown rate is never another one."""
    with pytest.raises(MachineError, match="number format that NVIDIA A100"):
        load("a100").rate("fp8")


def test_no_machine(tmp_path: Path) -> None:
    """A name that is no machine, and a file that is too long, are errors."""
    with pytest.raises(MachineError, match="expected a machine of a100"):
        load("b100")
    long = tmp_path / "long.toml"
    long.write_text("#" * 100_000, encoding="utf-8")
    with pytest.raises(MachineError, match="at most"):
        load(str(long))


@examples(200)
@given(st.floats(1e-9, 1e12), st.sampled_from(sorted(EXAMPLES)))
def test_quantities_are_read_as_they_are_shown(value: float, unit: str) -> None:
    """Law: what is shown is read again as the same quantity, to three digits."""
    if unit not in {"s", "J"} and value < 1:
        value += 1
    text = shown(value, unit).replace(",", "")
    assert quantity(text, unit) == pytest.approx(value, rel=6e-3)


def test_binary_prefixes_are_of_bytes_only() -> None:
    """A GiB is 2**30 bytes, and no rate of operations has such a prefix."""
    assert quantity("80 GiB", "byte") == 80 * 2**30
    with pytest.raises(QuantityError):
        quantity("80 Giflop/s", "flop/s")


def test_a_measured_machine_reads_as_it_was_measured() -> None:
    """Law: the file that calibration writes is a machine with the measured figures."""
    one = Measured("Lib 1", "1", {"fp32": 1e11}, {65536: 8e10, 1 << 26: 2e10}, 1e10, 1e9, 5e8, 1e-6)
    all_ = Measured(
        "Lib 1", "all", {"fp32": 2e11}, {65536: 9e10, 1 << 26: 3e10}, 2e10, 2e9, 6e8, 2e-6
    )
    found = parse(machine_text([all_, one], "1", day="2026-01-01").encode(), "x.toml")
    assert (found.rates["fp32"], found.bandwidth, found.cache_bandwidth) == (1e11, 1e10, 8e10)
    assert (found.latency, found.vector_rate, found.function_rate) == (1e-6, 1e9, 5e8)
    assert found.cache == pytest.approx(65536, rel=5e-3)
    assert any("2 us" in source for source in found.sources)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "sleep"},
        {"batch": 0},
        {"number": "bf17"},
        {"cache_number": "int3"},
        {"fused": "everything"},
        {"tokens": 0},
    ],
)
def test_a_task_that_makes_no_sense(wrong: dict[str, object]) -> None:
    """Law: a wrong argument of a task is named."""
    with pytest.raises(TaskError, match=next(iter(wrong))):
        Task(**wrong)  # type: ignore[arg-type]
