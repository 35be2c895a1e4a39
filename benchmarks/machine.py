"""The machine and the versions that the measurements belong to, without the machine's name or any path."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np


def describe() -> dict[str, Any]:
    """Return processor, operating system and the versions of everything that computes."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    versions = {"Python": platform.python_version()}
    for name, package in (
        ("NumPy", "numpy"),
        ("Matplotlib", "matplotlib"),
        ("scratchnet", "scratchnet"),
        ("PyTorch", "torch"),
        ("scikit-learn", "scikit-learn"),
        ("JAX", "jax"),
    ):
        try:
            versions[name] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "blas": f"{blas['name']} {blas['version']}",
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def processor() -> str:
    """Return the model of the processor, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
