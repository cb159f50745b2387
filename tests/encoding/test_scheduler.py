"""Encoding on the workers of a cluster: real processes on this machine, whose network is arithmetic."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from encoding_fakes import ArithmeticEngine, make_photos, picture_bytes, touch_later

from hashviewer.encoding import scheduler_connecting
from hashviewer.encoding.indexing import Settings, encode_library_with, index_with
from hashviewer.encoding.scheduler_tasks import TaskRun
from hashviewer.errors import EncodingError
from hashviewer.library import Library
from hashviewer.progress import Cancelled, silent

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")

KEY = "photos-64"
FAKE = """
import sys
if "--multiprocessing-fork" in sys.orig_argv:
    import ctypes
    sys.path.insert(0, {tests!r})
    import hashviewer.encoding.pipeline as pipeline
    import hashviewer.encoding.scheduler_worker as worker
    from encoding_fakes import ArithmeticEngine
    worker.open_engine = lambda model, **_: ArithmeticEngine()
    real = pipeline.decode
    def decode(data, preprocessing):
        if b"deadly" in data:
            ctypes.string_at(0)
        return real(data, preprocessing)
    pipeline.decode = decode
"""
DRIVER = """
import sys
from pathlib import Path
from hashviewer.encoding.indexing import Settings, index_with
from hashviewer.networks import find_model
def progress(done, total=None, message=""):
    print(done if total else 0, flush=True)
photos, library, scheduler = sys.argv[1:]
index_with(Path(photos), Path(library), Settings(
    find_model("photos-64"), "auto", "auto", progress, lambda rows: None, scheduler=scheduler, part_photos=4))
"""


@dataclass
class Cluster:
    address: str
    processes: dict

    def kill_one(self):
        """Ends a worker as the system does when memory is short; its nanny starts another one."""
        pid = next(nanny.process.pid for nanny in self.processes.values() if nanny.process is not None)
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    (site / "sitecustomize.py").write_text(FAKE.format(tests=str(Path(__file__).parent)))
    package = str(Path(scheduler_connecting.__file__).parents[2])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join((str(site), package))
    try:
        with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
            patch.setattr(
                scheduler_connecting, "_encryption", lambda: None
            )  # it is asked by its address, without keys
            running = stack.enter_context(scheduler_connecting._local(2))
            yield Cluster(running.scheduler_address, running.workers)
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """The same arithmetic where photos are encoded in this process."""
    monkeypatch.setattr("hashviewer.encoding.indexing.open_engine", lambda model, **_: ArithmeticEngine())


@pytest.fixture
def photos(tmp_path):
    """Forty photos, and of each kind one file that cannot be read."""
    folder = tmp_path / "photos"
    make_photos(folder, 40)
    whole = picture_bytes(1)
    (folder / "beach" / "cut-off.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "town" / "empty.png").write_bytes(b"")
    (folder / "words.jpg").write_bytes(b"no picture at all")
    return folder


def run(photos, library, model, *, scheduler="", progress=silent, part_photos=4):
    settings = Settings(
        model, "auto", "auto", progress, lambda rows: None, scheduler=scheduler, part_photos=part_photos
    )
    return index_with(photos, library, settings)


def everything(path):
    """All that a library says about its photos, byte for byte."""
    with Library.open(path) as library:
        rows = np.arange(len(library))
        coded = rows[library.codes(KEY)[1]]
        (info,) = library.code_sets
        return {
            "paths": library.all_paths(),
            "alive": library.alive.tolist(),
            "missing": library.missing.tolist(),
            "records": [library.photo(row) for row in rows],
            "thumbnails": [library.thumbnail(row) for row in rows],
            "codes": [array.tobytes() for array in library.codes(KEY)],
            "outputs": library.outputs(KEY, coded).tobytes(),
            "features": library.features(KEY, coded).tobytes(),
            "problems": library.problems(),
            "info": info,
        }


def test_workers_make_the_library_that_one_process_makes(photos, tmp_path, model, cluster):
    one = run(photos, tmp_path / "one", model)
    told = []
    many = run(
        photos,
        tmp_path / "many",
        model,
        scheduler=cluster.address,
        progress=lambda done, total=None, message="": told.append((done, total)),
    )
    assert (many.added, many.encoded, many.problems) == (one.added, one.encoded, one.problems) == (40, 40, 3)
    assert everything(tmp_path / "many") == everything(tmp_path / "one")
    assert (43, 43) in told
    assert not (tmp_path / "many" / "staging").exists()


def test_what_has_changed_since_is_found_as_by_one_process(photos, tmp_path, model, cluster):
    for name, where in (("one", ""), ("many", cluster.address)):
        run(photos, tmp_path / name, model, scheduler=where)
    beach, town = photos / "beach", photos / "town"
    touch_later(beach / "photo-0002.jpg")
    (town / "photo-0003.jpg").write_bytes(picture_bytes(777, width=120))
    (town / "photo-0005.jpg").unlink()
    (beach / "photo-0004.jpg").rename(photos / "moved.jpg")
    (beach / "cut-off.jpg").write_bytes(picture_bytes(778))
    make_photos(photos / "later", 3, seed=500)
    reports = [
        run(photos, tmp_path / name, model, scheduler=where)
        for name, where in (("one", ""), ("many", cluster.address))
    ]
    one, many = [
        (r.added, r.changed, r.moved, r.missing, r.unchanged, r.encoded, r.problems) for r in reports
    ]
    assert many == one == (4, 1, 1, 1, 37, 5, 2)
    assert everything(tmp_path / "many") == everything(tmp_path / "one")


def test_photos_that_are_in_the_library_get_codes_by_workers(photos, tmp_path, model, cluster):
    run(photos, tmp_path / "one", model)
    shutil.copytree(tmp_path / "one", tmp_path / "many")
    shutil.rmtree(tmp_path / "many" / "codes" / KEY)
    (photos / "town" / "photo-0001.jpg").write_bytes(picture_bytes(99))
    settings = Settings(
        model, "auto", "auto", silent, lambda rows: None, scheduler=cluster.address, part_photos=4
    )
    report = encode_library_with(tmp_path / "many", settings)
    assert (report.encoded, report.added) == (39, 0)
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "many") as many:
        reasons = {problem.path: problem.reason for problem in many.problems()}
        assert "has changed since" in reasons["town/photo-0001.jpg"]
        encoded = many.codes(KEY)[1]
        assert encoded.sum() == 39
        assert (one.codes(KEY)[0][encoded] == many.codes(KEY)[0][encoded]).all()


def test_a_killed_worker_costs_its_task_only(photos, tmp_path, model, cluster):
    run(photos, tmp_path / "one", model)
    killed = []

    def progress(done, total=None, message=""):
        if total and 0 < done < total and not killed:
            cluster.kill_one()
            killed.append(done)

    report = run(photos, tmp_path / "many", model, scheduler=cluster.address, progress=progress)
    assert killed
    assert (report.added, report.problems) == (40, 3)
    assert everything(tmp_path / "many") == everything(tmp_path / "one")


def test_a_file_that_kills_its_worker_becomes_a_problem_and_the_others_are_encoded(
    photos, tmp_path, model, cluster
):
    run(photos, tmp_path / "one", model)
    data = picture_bytes(1)
    (photos / "beach" / "deadly.jpg").write_bytes(data[:2] + b"\xff\xfe\x00\x08deadly" + data[2:])
    report = run(photos, tmp_path / "many", model, scheduler=cluster.address)
    assert (report.added, report.problems) == (40, 4)
    found, wanted = everything(tmp_path / "many"), everything(tmp_path / "one")
    (deadly,) = [problem for problem in found["problems"] if problem.path == "beach/deadly.jpg"]
    assert "crashed" in deadly.reason
    found["problems"].remove(deadly)
    assert found == wanted


def test_a_killed_driver_goes_on_where_the_workers_have_come_to(
    photos, tmp_path, model, cluster, monkeypatch
):
    run(photos, tmp_path / "one", model)
    library = tmp_path / "many"
    words = [sys.executable, "-c", DRIVER, str(photos), str(library), cluster.address]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as driver:
        while int(driver.stdout.readline()) < 12:
            continue
        driver.kill()
    left = {file.stem for file in (library / "staging").glob("*.part")}
    assert len(left) >= 2
    given = []
    submit = TaskRun._submit

    def noted(self, number):
        given.append(self.tasks[number].part.name)
        submit(self, number)

    monkeypatch.setattr(TaskRun, "_submit", noted)
    report = run(photos, library, model, scheduler=cluster.address)
    assert (report.added, report.problems) == (40, 3)
    assert left.isdisjoint(given)
    assert everything(library) == everything(tmp_path / "one")


def test_a_stop_keeps_what_is_done_and_the_next_run_goes_on(photos, tmp_path, model, cluster):
    make_photos(photos / "more", 400, seed=1000)  # so many that not all are done when the stop is heard

    def progress(done, total=None, message=""):
        if total and done >= 8:
            raise Cancelled

    first = run(photos, tmp_path / "many", model, scheduler=cluster.address, progress=progress)
    assert first.cancelled
    assert 8 - 3 <= first.added < 440
    second = run(photos, tmp_path / "many", model, scheduler=cluster.address)
    assert first.added + second.added == 440
    run(photos, tmp_path / "one", model)
    assert everything(tmp_path / "many") == everything(tmp_path / "one")


def test_a_part_that_was_damaged_on_the_disk_is_made_again(photos, tmp_path, model, cluster, monkeypatch):
    spoilt = []
    read = TaskRun._read

    def damaging(self, number, task):
        if not spoilt:
            spoilt.append(task.file)
            task.file.write_bytes(task.file.read_bytes()[:-5])
        return read(self, number, task)

    monkeypatch.setattr(TaskRun, "_read", damaging)
    report = run(photos, tmp_path / "many", model, scheduler=cluster.address)
    assert spoilt
    assert (report.added, report.problems) == (40, 3)


def test_a_model_that_the_workers_do_not_see_is_said(photos, tmp_path, model, cluster):
    mine = Path(shutil.copy(model, tmp_path / "mine.safetensors"))

    def progress(done, total=None, message=""):
        mine.unlink(missing_ok=True)

    with pytest.raises(EncodingError, match=r"The worker tcp://127\.0\.0\.1:\d+ cannot encode"):
        run(photos, tmp_path / "many", mine, scheduler=cluster.address, progress=progress)


def test_an_address_without_a_scheduler_is_said(photos, tmp_path, model, monkeypatch):
    monkeypatch.setattr(scheduler_connecting, "_CONNECT", 0.3)
    with pytest.raises(EncodingError, match=r"no Dask scheduler at “tcp://127\.0\.0\.1:1”"):
        run(photos, tmp_path / "many", model, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(EncodingError, match="no Dask scheduler at “what is this”"):
        run(photos, tmp_path / "many", model, scheduler="what is this")


@pytest.mark.parametrize("scheduler", ["local:", "local:0", "local:many", "local:-1", "local:9999"])
def test_a_number_of_processes_that_is_none_is_said(photos, tmp_path, model, scheduler):
    with pytest.raises(EncodingError, match="no number of processes: write local:2"):
        run(photos, tmp_path / "many", model, scheduler=scheduler)


def test_a_scheduler_without_workers_is_said(photos, tmp_path, model, monkeypatch):
    monkeypatch.setattr(scheduler_connecting, "_WORKERS", 0.3)
    with (
        distributed.LocalCluster(
            n_workers=0,
            processes=True,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0", "dashboard": False},
        ) as empty,
        pytest.raises(EncodingError, match=r"The scheduler has no workers\. Start some"),
    ):
        run(photos, tmp_path / "many", model, scheduler=empty.scheduler_address)


def test_without_dask_the_way_to_install_it_is_said(photos, tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EncodingError, match=r"needs Dask.*hashviewer\[cluster\]"):
        run(photos, tmp_path / "many", model, scheduler="local:2")


def test_dask_is_not_loaded_where_nobody_asks_for_it(photos, tmp_path):
    words = "import sys, hashviewer.encoding.indexing; print('distributed' in sys.modules)"
    package = str(Path(scheduler_connecting.__file__).parents[2])
    said = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "PYTHONPATH": package},
        capture_output=True,
        check=True,
    )
    assert said.stdout.strip() == b"False"


def test_an_encrypted_scheduler_without_keys_is_said_in_words():
    with (
        pytest.raises(EncodingError, match=r"encrypted connection.*keys"),
        scheduler_connecting.connected("tls://127.0.0.1:9"),
    ):
        pass
