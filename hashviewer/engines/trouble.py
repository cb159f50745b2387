"""What an engine's failures mean, in words for the user."""

from hashviewer.engines.address import Address
from hashviewer.engines.passwords import VARIABLE
from hashviewer.errors import EngineError

# ClickHouse's numbers of errors: src/Common/ErrorCodes.cpp
REFUSED = frozenset({192, 193, 194, 516})
NOT_ALLOWED = frozenset({164, 497})
NOTHING_THERE = frozenset({60, 81})
UNREACHABLE = frozenset({3, 32, 198, 203, 209, 210, 279, 519})
NO_CLUSTER = frozenset({170, 701})
NO_MEMORY = frozenset({241})
TOO_SLOW = frozenset({159, 160})
LONGEST = 300  # letters of what the engine itself says


class LostEngineError(EngineError):
    """The engine, or one of its shards, does not answer; the next question tries again."""


class NothingPushedError(EngineError):
    """There is no library at this address."""


def in_words(error: Exception, address: Address, *, password: str = "") -> EngineError:
    """What a client's exception means; the password never gets into it."""
    code = getattr(error, "code", None)
    said = _said(error, password)
    if code in REFUSED:
        return EngineError(
            f"The engine refused {address.server}: the password is wrong, or there is no such user. Set the environment "
            f"variable {VARIABLE}, or keep the password in the keyring under “hashviewer” and “{address.server}”."
        )
    if code in NOT_ALLOWED:
        return EngineError(f"{address.server} may not do this in the database “{address.database}”: {said}")
    if code in NOTHING_THERE:
        return NothingPushedError(nothing_there(address))
    if code in UNREACHABLE:
        return LostEngineError(
            f"A part of the engine at {address} does not answer, so there is no whole answer and none is shown. Ask again "
            f"once every shard is up. It said: {said}"
        )
    if code in NO_CLUSTER:
        return EngineError(
            f"The server {address.server} knows no cluster “{address.cluster}”. It said: {said}"
        )
    if code in NO_MEMORY:
        return EngineError(
            f"The engine at {address} has too little memory for this question. It said: {said}"
        )
    if code in TOO_SLOW:
        return LostEngineError(f"The engine at {address} took longer than it may. Ask again. It said: {said}")
    if code is not None:
        return EngineError(f"The engine at {address} could not answer (its error {code}): {said}")
    return _unnumbered(address, said)


def nothing_there(address: Address) -> str:
    """The sentence for an address without a library."""
    return f"There is no library at {address}. Copy one there with “hashviewer push LIBRARY {address}”."


def _unnumbered(address: Address, said: str) -> EngineError:
    if address.kind == "clickhouse":
        return LostEngineError(
            f"The engine at {address} does not answer. Check the address and the network; the next question tries again. "
            f"({said})"
        )
    if "already initialized with path" in said:
        return EngineError(
            f"This process has another chdb folder open, and it can hold one only. Close that library first, or open "
            f"{address} in a second HashViewer."
        )
    if "initializing EmbeddedServer" in said or "Cannot lock file" in said:
        return EngineError(
            f"The chdb folder {address.place} cannot be opened: another process has it open, or it cannot be written. Close "
            "the other one, or choose another folder."
        )
    return EngineError(f"The engine at {address} could not answer: {said}")


def _said(error: Exception, password: str) -> str:
    """What the engine said, on one line, without the password."""
    text = " ".join(str(error).split()) or type(error).__name__
    if password:
        text = text.replace(password, "…")
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
