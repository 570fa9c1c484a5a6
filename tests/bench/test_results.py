import pytest

from bench import goals, report
from bench.contenders import Run
from bench.parts import throughput
from bench.results import percentile, summary, table


def run(seconds: float = 2.0, **fields) -> Run:
    defaults = {"recipients": 1000, "received": 1000, "recorded": 1000, "writing_seconds": 0.5, "seconds": seconds}
    return Run(**(defaults | fields))


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.25, 1), (0.26, 2)])
def test_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_one_slow_run_does_not_move_the_median() -> None:
    assert summary([run(2), run(50), run(2)])["per_second"] == 500


@pytest.mark.parametrize("lost", [{"received": 999}, {"recorded": 999}])
def test_a_run_that_lost_or_doubled_something_is_no_result(lost: dict[str, int]) -> None:
    with pytest.raises(AssertionError, match="999"):
        run(**lost).check()


def test_ratios_compare_rates_and_processor_time() -> None:
    ours = {"title": "Preavis", **summary([run(2, cpu_seconds={"own": 1.0, "database": 1.0})])}
    peer = {"title": "Other", **summary([run(8, cpu_seconds={"own": 5.0, "database": 1.0})])}
    last = throughput.show({"contenders": {"preavis": ours, "other": peer}}).splitlines()[-1]
    assert "4.0 ×" in last
    assert "1/3.0" in last


def test_table_is_markdown() -> None:
    assert table(["a", "b"], [["x", "12"]]).splitlines() == ["| a |  b |", "|---|---:|", "| x | 12 |"]


def test_results_take_the_place_of_the_last_ones(tmp_path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"Before\n{report.BEGIN}\nold\n{report.END}\nAfter\n")
    report.write_into(readme, r"new \1")
    assert readme.read_text() == f"Before\n{report.BEGIN}\n\nnew \\1\n\n{report.END}\nAfter\n"


def test_goal_says_whether_it_was_reached_and_what_was_not_measured_is_left_out() -> None:
    lines = goals.show({"pixel": {"per_second": 1999.0}, "feed": {"unchanged_ms": 2.9, "changed_ms": 151.0}}).splitlines()[2:]
    assert [line.rstrip("| ").rpartition("| ")[2].strip() for line in lines] == ["not reached", "reached", "not reached"]
