"""ONNX Runtime sessions on whatever this machine has."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from functools import cache
from typing import cast

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as raised

from inspector.errors import ArtifactError, InputError
from inspector.types import Problem

_CPU = "CPUExecutionProvider"
_PREFERRED = ("TensorrtExecutionProvider", "CUDAExecutionProvider")
_MAX_THREADS = 4
_REFUSALS = (
    raised.Fail,
    raised.InvalidArgument,
    raised.InvalidGraph,
    raised.InvalidProtobuf,
    raised.NotImplemented,
    raised.RuntimeException,
)

FAILURES: tuple[type[Exception], ...] = _REFUSALS
"""What a graph that was loaded may still raise when it is run."""

Array = NDArray[np.generic]


class Network:
    """One ONNX graph, ready to run.

    Args:
        content: the ONNX file.
        where: its name, for messages.
        providers: wanted execution providers, best first; `None` takes what works.
        large: worth several threads; a small graph loses more by waking them than they
            compute.

    Raises:
        ArtifactError: not a graph that this version of ONNX Runtime can run.
    """

    def __init__(
        self,
        content: bytes,
        where: object,
        providers: tuple[str, ...] | None = None,
        *,
        large: bool = False,
    ) -> None:
        try:
            self._session = ort.InferenceSession(
                content,
                _options(large),
                providers=list(providers or wanted_providers()),
            )
        except _REFUSALS as error:
            what = f"ONNX Runtime {ort.__version__} cannot load it: {error}"
            raise ArtifactError([Problem(where=str(where), what=what)]) from error
        self.provider = str(self._session.get_providers()[0])
        """What really runs it: being listed as available proves nothing."""
        self._inputs = [each.name for each in self._session.get_inputs()]

        self._run_options = ort.RunOptions()

    def run(self, *inputs: Array) -> list[NDArray[np.float32]]:
        """Compute the outputs for inputs in the graph's order."""
        feed: Mapping[str, Array] = dict(zip(self._inputs, inputs, strict=True))
        found = self._session.run(None, feed, self._run_options)
        return cast("list[NDArray[np.float32]]", found)

    def interrupt(self) -> None:
        """End the run that is under way at its next operator; later ones are not.

        ONNX Runtime looks at the flag between two operators, not within one.
        """
        interrupted, self._run_options = self._run_options, ort.RunOptions()
        interrupted.terminate = True


def wanted_providers() -> tuple[str, ...]:
    """Name the providers to try: CUDA where it is there, else the CPU.

    TensorRT builds an engine for minutes on its first start, so it is used only if
    `INSPECTOR_PROVIDER=tensorrt` asks for it; `INSPECTOR_PROVIDER=cpu` forbids both.
    """
    asked = os.environ.get("INSPECTOR_PROVIDER", "").lower()
    if asked == "cpu" or not _has_cuda_driver():
        return (_CPU,)
    there = ort.get_available_providers()
    wanted = _PREFERRED if asked == "tensorrt" else _PREFERRED[1:]
    return (*(name for name in wanted if name in there), _CPU)


@cache
def _has_cuda_driver() -> bool:
    """ONNX Runtime lists CUDA wherever it was built with it, GPU or not."""
    try:
        ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
    except OSError:
        return False
    return True


def give_back_memory() -> None:
    """Give memory that networks have left back to the system, where that can be done.

    glibc keeps what was freed for the next allocation of its size; after many exchanges
    of networks it would keep more and more.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name != "nt" else None
    if trim is not None:
        trim(0)


def threads_for(*, large: bool) -> int:
    """Say how many threads a graph gets: `INSPECTOR_THREADS`, or half of the cores.

    The other half decodes, stores and draws: on two cores a second thread makes the
    median part faster and the slowest ones much slower.

    Raises:
        InputError: `INSPECTOR_THREADS` is not a whole number above 0.
    """
    if not large:
        return 1
    asked = os.environ.get("INSPECTOR_THREADS", "")
    if not asked:
        return max(1, min(_MAX_THREADS, (os.cpu_count() or 1) // 2))
    if not asked.isdigit() or int(asked) < 1:
        where, what = "INSPECTOR_THREADS", f"{asked!r} is not a whole number above 0"
        raise InputError.single(where, what)
    return int(asked)


def _options(large: bool) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads_for(large=large)
    # Several threads must spin while a graph runs: woken anew for each of its
    # operators, two are no faster than one. Between runs they would take cores from
    # the others.
    options.add_session_config_entry("session.intra_op.allow_spinning", f"{large:d}")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    return options
