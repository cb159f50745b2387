"""Libraries whose codes are at a search engine: pushed there, opened from there, and asked there.

The engine is ClickHouse, embedded in this process (chdb) or a cluster of servers; docs/engines.md says how it is used.
Its client is imported when an address is first connected to.
"""

from hashviewer.engines.address import Address, is_address, parse
from hashviewer.engines.answers import EngineMatches, Later
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.connection import Connection
from hashviewer.engines.filtering import Filter
from hashviewer.engines.library import EngineLibrary
from hashviewer.engines.protocol import Engine, Nearest
from hashviewer.engines.pushed import Identity, Pushed, PushedCodes
from hashviewer.engines.pushed_tables import PushedAnewError
from hashviewer.engines.pushing import PushReport, push, same_model
from hashviewer.engines.trouble import LostEngineError, NothingPushedError

__all__ = [
    "Address",
    "ClickHouseEngine",
    "Connection",
    "Engine",
    "EngineLibrary",
    "EngineMatches",
    "Filter",
    "Identity",
    "Later",
    "LostEngineError",
    "Nearest",
    "NothingPushedError",
    "PushReport",
    "Pushed",
    "PushedAnewError",
    "PushedCodes",
    "is_address",
    "parse",
    "push",
    "same_model",
]
