import numpy as np
import pytest

from hashviewer.engines.columns import Column, Reader, block, numbers, read_column, read_texts, texts


def test_the_engine_reads_a_block_as_it_was_written(connection):
    connection.run("create database if not exists columns_test")
    connection.run("drop table if exists columns_test.t")
    connection.run(
        "create table columns_test.t (row UInt64, code FixedString(3), name String) engine = MergeTree order by row"
    )
    codes = np.arange(9, dtype=np.uint8).reshape(3, 3)
    names = [b"", b"x" * 300, b"\xff\x00 photo"]
    columns = [numbers("row", "UInt64", np.array([7, 8, 9], "<u8")), numbers("code", "FixedString(3)", codes)]
    connection.insert("columns_test.t", [*columns, texts("name", names)], 3)
    assert list(read_texts(connection.ask("select name from columns_test.t order by row"))) == names
    found = connection.column("select code from columns_test.t order by row", "V3")
    assert found.view(np.uint8).reshape(3, 3).tolist() == codes.tolist()


def test_a_column_is_read_over_all_blocks():
    first = block([Column("d", "UInt8", bytes([1, 2]))], 2)
    second = block([Column("d", "UInt8", bytes([3]))], 1)
    assert read_column(first + second, np.dtype("u1")).tolist() == [1, 2, 3]
    assert read_column(b"", np.dtype("u1")).tolist() == []


def test_blocks_of_several_columns_are_refused():
    both = [Column("d", "UInt8", bytes([1])), Column("e", "UInt8", bytes([2]))]
    with pytest.raises(ValueError, match="2 columns"):
        read_column(block(both, 1), np.dtype("u1"))


def test_lengths_of_more_than_a_byte_are_read():
    reader = Reader(block([Column("n", "String", b"")], 300))
    assert [reader.length(), reader.length()] == [1, 300]
