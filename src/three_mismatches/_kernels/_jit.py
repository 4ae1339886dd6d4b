"""The one decorator of the kernels."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar, cast

import numba

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """
    Compile a function of bare arrays; the compiled code is kept on disk and runs without the GIL.

    The environment variable `THREE_MISMATCHES_CACHE=0` keeps nothing on disk, and `NUMBA_DISABLE_JIT=1`
    (numba's own) runs the very same lines as Python.
    """
    cache = os.environ.get("THREE_MISMATCHES_CACHE", "1") != "0"
    return cast("Function", numba.njit(cache=cache, nogil=True)(function))
