"""Kernels for tests: `MockKernel` in memory; the sandbox over real HTTP is `wirewright serve syncropel`."""

from syncropel.testing.mock import MockKernel

__all__ = ["MockKernel"]
