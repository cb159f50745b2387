"""The tables of a cluster: one shard that is this process, and another that is down.

What a server would send to all its machines ("on cluster") goes to the one here; everything else is as on a cluster.
"""

import numpy as np
import pytest
from coded_libraries import KEY, coded_library, listed, made_codes, same_matches

from hashviewer import search, statistics
from hashviewer.engines import Address
from hashviewer.engines.clickhouse import ClickHouseEngine
from hashviewer.engines.connection import Connection, _settings
from hashviewer.engines.filtering import Filter
from hashviewer.engines.pushing import push
from hashviewer.engines.schema import Schema
from hashviewer.engines.trouble import LostEngineError

ROWS = 500
ADDRESS = Address("clickhouse", "localhost", database="clustered", port=8123, cluster="one_shard")


@pytest.fixture
def cluster(engine_folder):
    """A connection to the cluster."""
    import clickhouse_connect

    class Server:
        def __init__(self, address, _password):
            self._client = clickhouse_connect.get_client(
                interface="chdb", path=str(engine_folder), settings=_settings(address)
            )

        def raw_query(self, query, *, parameters, fmt):
            return self._client.raw_query(query, parameters=parameters, fmt=fmt)

        def command(self, cmd):
            return self._client.command(cmd.replace(f" on cluster {ADDRESS.cluster}", ""))

        def raw_insert(self, table, *, insert_block, fmt):
            return self._client.raw_insert(table, insert_block=insert_block, fmt=fmt)

        def close(self):
            self._client.close()

    connection = Connection(ADDRESS, connect=Server)
    connection.run(f"drop database if exists {ADDRESS.database} sync")
    yield connection
    connection.close()


@pytest.fixture
def codes():
    return made_codes("clustered", ROWS, 64)


@pytest.fixture
def engine(cluster, codes, tmp_path):
    with coded_library(tmp_path / "coded", codes, 64) as library:
        push(library, cluster, name="clustered")
        assert push(library, cluster, name="clustered").sent == 0
    return ClickHouseEngine(cluster)


def test_a_cluster_answers_as_codes_in_memory_do(engine, codes):
    rows = np.arange(ROWS) % 3 > 0
    for k, radius in ((10, None), (None, 3), (50, 9)):
        mine = search.rank(codes[3], codes, 64, k=k, radius=radius, rows=rows)
        theirs = engine.nearest(codes[3], codes=KEY, k=k, radius=radius, chosen=Filter(rows=rows))
        assert same_matches(mine, theirs)
    for radius in (2, 9):
        mine = statistics.buckets(codes[3], codes, 64, radius=radius, rows=rows)
        assert listed(engine.buckets(codes[3], codes=KEY, radius=radius, chosen=Filter(rows=rows))) == listed(
            mine
        )
    whole = search.rank(codes[3], codes, 64)
    assert np.array_equal(engine.distances(codes[3], codes=KEY), whole.all_distances)
    assert engine.place_of(codes[3], 77, codes=KEY) == whole.rank_of(77)
    bits = statistics.bit_statistics(codes, 64)
    assert np.array_equal(engine.bit_statistics(KEY).correlation, bits.correlation)


def test_a_shard_that_is_down_makes_no_answer_and_the_next_question_asks_again(engine, cluster, codes):
    schema = Schema(ADDRESS)
    table = schema.named(schema.codes(KEY))

    def spread_over(name):
        cluster.run(
            f"create or replace table {table} as {table}_local "
            f"engine = Distributed({name}, {ADDRESS.database}, hashviewer_{schema.codes(KEY)}_local, cityHash64(row))"
        )

    cluster.run("set connections_with_failover_max_tries = 1")
    spread_over("two_shards")
    for ask in (
        lambda: engine.nearest(codes[0], codes=KEY, k=5, radius=None),
        lambda: engine.within(codes[0], codes=KEY, radius=2),
        lambda: engine.distances(codes[0], codes=KEY),
    ):
        with pytest.raises(
            LostEngineError, match="does not answer, so there is no whole answer and none is shown"
        ):
            ask()
    cluster.try_again()
    spread_over(ADDRESS.cluster)
    assert engine.nearest(codes[0], codes=KEY, k=1, radius=None).distances.tolist() == [0]


def test_what_is_sent_to_all_machines_of_a_cluster_is_understood(cluster):
    schema = Schema(ADDRESS)
    for statement in (
        schema.database,
        *schema.notes(),
        *schema.photos(64),
        *schema.code_set(KEY, 64, 64),
        *schema.drop_code_set(KEY),
        schema.drop_segment(schema.codes(KEY), 3),
        schema.delete_segment(schema.chunks(KEY), 3, 64),
    ):
        assert "on cluster one_shard" in statement or "engine = Distributed(one_shard" in statement
        assert cluster.ask("select formatQuery({text:String})", {"text": statement}, form="TSV")
