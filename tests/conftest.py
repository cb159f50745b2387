"""What every test stands on: no screen, no traces in the user's folders, the shared photos where they are."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Caches, settings and libraries of the tests go to a folder of their own. Set before anything reads them; the
# exported networks are kept between runs, since they are found by checksum and cost seconds to make.
_HOME = Path(tempfile.gettempdir()) / f"hashviewer-tests-{os.getuid()}"
for _name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
    os.environ[_name] = str(_HOME / _name.lower())

import pytest  # noqa: E402

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _SHARED.is_dir():
        return
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(pytest.mark.skip(reason="the development photos are not here"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development data; only for tests marked `shared`."""
    return _SHARED


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The development photos; only for tests marked `shared`."""
    return _SHARED / "photos"


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the one embedded engine that a process can hold; each test takes a database of its own.

    It knows two clusters: of one shard, which is itself, and of another besides, which is down.
    """
    client = pytest.importorskip("clickhouse_connect", reason="needs the extra “cluster”")
    pytest.importorskip("chdb", reason="needs the extra “cluster”")
    folder = tmp_path_factory.mktemp("engine")
    here, down = (
        f"<shard><replica><host>localhost</host><port>{port}</port></replica></shard>" for port in (9000, 1)
    )
    (folder / "clusters.xml").write_text(
        "<clickhouse><tcp_port>9000</tcp_port><remote_servers>"
        f"<one_shard>{here}</one_shard><two_shards>{here}{down}</two_shards></remote_servers></clickhouse>"
    )
    options = {"config-file": str(folder / "clusters.xml")}
    holder = client.get_client(interface="chdb", path=str(folder / "data"), chdb_options=options)
    yield folder / "data"
    holder.close()
