"""What a job tells about its result besides the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from numpy.typing import NDArray

from service.convolution.planner import Plan
from service.errors import InvalidRequest, LimitExceeded
from service.kernels.description import kernel_facts
from service.kernels.kernel import KernelBank
from service.pipelines.limits import Limits
from service.pipelines.stages import Stages

# What JSON answers hold besides, where ``include`` asks for it.
INCLUDABLE: Final = ("kernel",)


def plan_facts(plans: Sequence[Plan]) -> dict[str, Any] | list[dict[str, Any]]:
    """The plan of one kernel, or those of each kernel of a bank."""
    facts = [plan.facts() for plan in plans]
    return facts[0] if len(facts) == 1 else facts


def plan_line(plans: Sequence[Plan]) -> str:
    """The plans in one line, for the header Convolution-Plan."""
    return ", ".join(map(_plan_words, plans))


def _plan_words(plan: Plan) -> str:
    # Not all facts of a plan: that of why it was made takes longer to tell than many jobs.
    engine, work = plan.engine, plan.workload
    # Beyond telling 1 from more, a rank takes a decomposition that may cost more than the work.
    words = {
        "engine": engine.name,
        "rank": "2+" if work.kernel.factors is None else "1",
        "passes": engine.passes(work),
        **({"tile": "x".join(map(str, plan.tile))} if plan.tile else {}),
        "precision": work.precision.__name__,
        "multiply-adds": f"{plan.work:.3g}",
    }
    return f"{engine.method}; " + "; ".join(f"{name}={word}" for name, word in words.items())


def array_document(
    result: Any, plans: Sequence[Plan], banks: Sequence[KernelBank], include: Sequence[str]
) -> dict[str, Any]:
    """The JSON answer of a convolution whose result is an array; a bank for each step."""
    document = {"result": result, "shape": list(result.shape), "plan": plan_facts(plans)}
    if "kernel" in include:
        kernels = [kernel_facts(bank) for bank in banks]
        document["kernel"] = kernels[0] if len(kernels) == 1 else kernels
    return document


def check_include(include: Sequence[str], output: str) -> None:
    """``InvalidRequest`` where something is to be included that the output has no room for."""
    if include and output != "json":
        raise InvalidRequest.at("/include", "only a JSON answer can include more than its result")


def require_writable(array: NDArray[Any], output: str, limits: Limits) -> None:
    """``LimitExceeded`` where an array has more numbers than are written in that format."""
    # A number takes a JSON text of up to 24 bytes: a large picture would make gigabytes of it.
    if output == "json" and array.size > limits.max_signal_samples:
        raise LimitExceeded.at(
            "/format",
            f"the result has {array.size} numbers; JSON is written for up to "
            f"{limits.max_signal_samples}, npy for any",
        )


def job_facts(plans: Sequence[Plan], stages: Stages) -> dict[str, Any]:
    """What every convolution's job says of itself."""
    return {
        "plan": plan_line(plans),
        "multiply_adds": round(sum(plan.work for plan in plans)),
        "milliseconds": stages.milliseconds,
    }
