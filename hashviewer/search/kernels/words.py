# ruff: noqa: ANN401 - the types are those of numba's protocol, which has none
"""Machine instructions that Python has no name for: population count, eight bytes at any address, prefetch."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

BYTE, WORD, NUMBER = ir.IntType(8), ir.IntType(64), ir.IntType(32)


@intrinsic  # type: ignore[untyped-decorator]
def popcount(context: Any, word: Any) -> Any:
    """Ones in a word of 64 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def word_at(context: Any, words: Any, place: Any) -> Any:
    """The word at `place` of an array of 64-bit words, aligned.

    Loaded as an atomic, which costs nothing more and keeps the compiler from vectorising the population count: where
    the processor has the scalar instruction and not the vector one, that is twice as fast, and elsewhere no slower.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).data
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "monotonic", 8)

    return types.uint64(words, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def bytes_at(context: Any, codes: Any, place: Any) -> Any:
    """The eight bytes from `place` of an array of bytes as one word, aligned or not."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), WORD.as_pointer())
        loaded = builder.load(address)
        loaded.align = 1
        return loaded

    return types.uint64(codes, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(context: Any, array: Any, place: Any) -> Any:
    """Ask for the cache line at `place`, which may lie beyond the array: nothing is read then."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), BYTE.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), NUMBER, NUMBER, NUMBER])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(call, [address, NUMBER(0), NUMBER(3), NUMBER(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
