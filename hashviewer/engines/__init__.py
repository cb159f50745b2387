"""Libraries whose codes are at a search engine: pushed there, opened from there, and asked there.

The engine is ClickHouse, embedded in this process (chdb) or a cluster of servers; docs/engines.md says how it is used.
Only addresses are named here, since every start of the program asks whether it was given one; all else is imported from
its module when a library is at an engine, and the engine's client when it is first connected to.
"""

from hashviewer.engines.address import Address, is_address, parse

__all__ = ["Address", "is_address", "parse"]
