"""Compiles the kernels and leaves them on disk: ``python -m hashviewer.search.kernels``."""

import os

from hashviewer.search import kernels

if hasattr(os, "nice"):
    os.nice(15)
kernels.load()
