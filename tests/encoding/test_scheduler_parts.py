import numpy as np
import pytest
from encoding_fakes import make_photos

from hashviewer.encoding.pipeline import Facts, Job, Outcome
from hashviewer.encoding.scheduler_parts import cut, read_part, write_part
from hashviewer.images import FoundFile, find_photos


def jobs_named(count, *, first=0):
    return [Job(n, FoundFile(f"album/{n:05d}.jpg", 1000 + n, n)) for n in range(first, first + count)]


def names(jobs, *, photos=16, made_by="a network"):
    return [part.name for part in cut(jobs, photos=photos, made_by=made_by)]


@pytest.mark.parametrize("photos", [1, 2, 7, 64, 256])
def test_cutting_keeps_every_job_once_and_in_order_in_parts_of_about_the_size_asked_for(photos):
    jobs = jobs_named(5000)
    parts = list(cut(jobs, photos=photos, made_by="a network"))
    assert [job for part in parts for job in part.jobs] == jobs
    sizes = [len(part.jobs) for part in parts[:-1]]
    assert min(sizes) * 4 >= photos
    assert max(sizes) <= 2 * photos
    assert 0.4 * photos <= np.mean(sizes) <= 1.6 * photos


@pytest.mark.parametrize("done", [1, 5, 100, 333])
def test_a_run_that_goes_on_in_the_middle_soon_finds_the_same_parts(done):
    before = names(jobs_named(2000))
    after = names([Job(job.order - done, job.file) for job in jobs_named(2000 - done, first=done)])
    assert len(set(after) - set(before)) <= 3
    assert after[-100:] == before[-100:]


def test_another_network_another_file_time_or_row_makes_another_part():
    jobs = jobs_named(20)
    assert names(jobs) == names(jobs)
    assert not set(names(jobs)) & set(names(jobs, made_by="another network"))
    touched = [Job(job.order, FoundFile(job.file.path, job.file.size, 99)) for job in jobs]
    assert not set(names(jobs)) & set(names(touched))
    known = [Job(job.order, job.file, row=3, changed=True) for job in jobs]
    assert not set(names(jobs)) & set(names(known))


def some_outcomes():
    generator = np.random.default_rng(5)

    def photo(job, thumbnail, taken):
        outputs, features = (generator.normal(size=size).astype(np.float32) for size in (64, 128))
        outputs[:3] = (-0.0, np.nan, 1e-42)
        facts = Facts(thumbnail, 96, 72, 6, taken)
        return Outcome(job, f"content {job.order}", decoded=facts, outputs=outputs, features=features)

    jobs = [Job(n, FoundFile(f"a/\udcff {n}.jpg", n, n), row=n if n == 2 else None) for n in range(5)]
    return [
        photo(jobs[0], b"\xff\xd8one", 1234.5678901234567),
        Outcome(jobs[1], reason="This JPEG is cut off.", passing=True),
        Outcome(jobs[2], "content 2", same_as=2),
        photo(jobs[3], b"", None),
        photo(jobs[4], b"\xff\xd8three\n{}", -1.0),
    ]


def test_a_parts_file_gives_back_what_was_written_to_the_last_bit(tmp_path):
    outcomes = some_outcomes()
    (part,) = cut([outcome.job for outcome in outcomes], photos=16, made_by="a network")
    write_part(tmp_path / "a.part", outcomes)
    assert [path.name for path in tmp_path.iterdir()] == ["a.part"]
    for wanted, found in zip(outcomes, read_part(tmp_path / "a.part", part), strict=True):
        assert (found.job, found.content, found.reason) == (wanted.job, wanted.content, wanted.reason)
        assert (found.passing, found.same_as, found.decoded) == (
            wanted.passing,
            wanted.same_as,
            wanted.decoded,
        )
        for name in ("outputs", "features"):
            before, after = getattr(wanted, name), getattr(found, name)
            assert (before is None) == (after is None)
            assert before is None or before.tobytes() == after.tobytes()


def test_a_file_cut_short_anywhere_is_noticed(tmp_path):
    outcomes = some_outcomes()
    (part,) = cut([outcome.job for outcome in outcomes], photos=16, made_by="a network")
    write_part(tmp_path / "a.part", outcomes)
    data = (tmp_path / "a.part").read_bytes()
    for length in (0, 1, 100, len(data) // 2, len(data) - 1):
        (tmp_path / "b.part").write_bytes(data[:length])
        with pytest.raises(ValueError):
            read_part(tmp_path / "b.part", part)


def test_found_photos_are_cut_as_they_are_found(tmp_path):
    make_photos(tmp_path, 9)
    jobs = [Job(order, file) for order, file in enumerate(find_photos(tmp_path))]
    assert sum(len(part.jobs) for part in cut(jobs, photos=4, made_by="x")) == 9
