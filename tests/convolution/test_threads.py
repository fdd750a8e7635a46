import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from service.convolution.threads import run_parallel, threads, use_threads


def test_work_takes_one_thread_unless_told_otherwise():
    assert threads() == 1


def test_what_was_said_holds_within_the_block_alone_also_after_a_fault():
    with use_threads(4):
        with use_threads(2):
            assert threads() == 2
        assert threads() == 4
        with pytest.raises(KeyError), use_threads(3):
            raise KeyError
        assert threads() == 4
    assert threads() == 1


def test_what_was_said_in_one_thread_does_not_hold_in_another():
    with use_threads(4), ThreadPoolExecutor(1) as other:
        assert other.submit(threads).result() == 1


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one_thread_is_refused(count):
    with pytest.raises(ValueError, match="one thread"), use_threads(count):
        pass


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("tasks", [0, 1, 2, 7, 100])
def test_results_stand_in_the_order_of_their_tasks(count, tasks):
    def task(number):
        time.sleep(0.001 * (number % 3 == 0))
        return number**2

    with use_threads(count):
        results = run_parallel([lambda number=number: task(number) for number in range(tasks)])
    assert results == [number**2 for number in range(tasks)]


@pytest.mark.parametrize("count", [2, 4])
def test_as_many_tasks_as_threads_run_at_once_the_callers_among_them(count):
    together = threading.Barrier(count, timeout=10)

    def task():
        together.wait()
        return threading.get_ident()

    with use_threads(count):
        seen = run_parallel([task] * count)
    assert len(set(seen)) == count
    assert threading.get_ident() in seen


def test_without_leave_all_runs_in_the_callers_thread():
    assert set(run_parallel([threading.get_ident] * 5)) == {threading.get_ident()}


def test_what_else_was_said_holds_in_every_task():
    spoken = ContextVar("spoken", default="nothing")
    spoken.set("a word")
    together = threading.Barrier(2, timeout=10)

    def task():
        together.wait()
        return spoken.get()

    with use_threads(2):
        assert run_parallel([task] * 2) == ["a word"] * 2


def test_a_task_does_not_split_its_own_work_again():
    with use_threads(3):
        assert run_parallel([threads] * 7) == [1] * 7
        assert threads() == 3


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("fault", [IndexError("no such tap"), KeyboardInterrupt()])
def test_what_a_task_raises_is_raised_and_no_further_task_begun(count, fault):
    begun = []

    def fail():
        raise fault

    def later():
        begun.append(1)
        time.sleep(0.01)

    with use_threads(count), pytest.raises(type(fault)) as caught:
        run_parallel([fail] * count + [later] * 1000)
    assert caught.value is fault
    assert len(begun) < 10


def test_a_task_that_fails_in_another_thread_is_heard_and_nothing_is_left_running():
    caller = threading.get_ident()
    before = threading.active_count()

    def task():
        time.sleep(0.01)
        if threading.get_ident() != caller:
            raise ArithmeticError("elsewhere")

    with use_threads(2), pytest.raises(ArithmeticError, match="elsewhere"):
        run_parallel([task] * 20)
    assert threading.active_count() == before


def test_where_the_system_gives_no_thread_the_caller_does_all(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with use_threads(3):
        assert run_parallel([threading.get_ident] * 5) == [threading.get_ident()] * 5
