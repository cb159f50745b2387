"""Sizes that the kernels and their callers must agree on."""

LAST_SMALL = 248
"""The widest codes whose distances are kept as bytes, which leaves 255 free for rows left out."""

BLOCK = 8192
"""Rows whose smallest Hamming distance a compiled scan notes."""

PART = 1024
"""Rows whose smallest real-valued distance a search notes."""
