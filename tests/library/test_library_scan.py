"""A scan tells new, changed, vanished, returned and moved files apart without reading them."""

from dataclasses import replace
from pathlib import Path

import pytest
from library_samples import Found, as_found, new_photo, put_photos

from hashviewer.library import Library, LibraryWriter, Problem, plan_scan


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.create(tmp_path / "library", root=tmp_path)


def test_an_unchanged_folder_asks_for_nothing(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 4, 3)
    plan = plan_scan(library, as_found(photos))
    assert (plan.new, plan.changed, plan.missing, plan.returned) == ([], [], [], [])
    assert plan.unchanged == 7


def test_new_changed_and_vanished_files_are_told_apart(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 5)
    found = as_found(photos)
    larger, later = replace(found[1], size=9), replace(found[2], mtime_ns=9)
    fresh = Found("new.jpg", 1, 2)
    plan = plan_scan(library, [fresh, later, larger, found[0], found[4]])
    assert plan.new == [fresh]
    assert plan.changed == [(2, later), (1, larger)]
    assert plan.missing == [3]
    assert plan.unchanged == 2


def test_a_vanished_photo_is_reported_once_and_returns_with_its_file(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 3)
        rest = as_found(photos)[1:]
        writer.mark_missing(plan_scan(library, rest).missing)
        assert library.missing.tolist() == [True, False, False]
        assert library.alive.all()
        assert plan_scan(library, rest).missing == []
        back = plan_scan(library, as_found(photos))
        assert back.returned == [0]
        assert back.unchanged == 2
        writer.mark_found(back.returned)
        assert not library.missing.any()


def test_a_changed_photo_hides_its_former_row_for_good(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 3)
        newer = replace(photos[1], size=77, content="f" * 32)
        assert writer.add_photos([newer]) == range(3, 4)
        assert library.alive.tolist() == [True, False, True, True]
        plan = plan_scan(library, as_found([photos[0], newer, photos[2]]))
        assert plan.unchanged == 3
    with Library.open(library.path) as reopened:
        assert reopened.alive.tolist() == [True, False, True, True]
        assert plan_scan(reopened, as_found([photos[0], newer, photos[2]])).unchanged == 3


def test_of_the_same_path_twice_in_one_batch_the_later_row_counts(library: Library) -> None:
    with LibraryWriter(library) as writer:
        writer.add_photos([new_photo(0), new_photo(1), new_photo(0)])
    assert library.alive.tolist() == [False, True, True]


def test_a_moved_photo_keeps_its_row_at_its_new_path(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 3)
        writer.mark_missing([1])
        assert library.find_content(photos[0].content) is None
        assert library.find_content(photos[1].content) == 1
        writer.move(1, "elsewhere/x.jpg", mtime_ns=5)
        assert library.find_content(photos[1].content) is None
    moved = Found("elsewhere/x.jpg", photos[1].size, 5)
    for opened in (library, Library.open(library.path)):
        assert opened.path_of(1) == "elsewhere/x.jpg"
        assert opened.photo(1).mtime_ns == 5
        assert not opened.missing.any()
        assert plan_scan(opened, [*as_found(photos[::2]), moved]).unchanged == 3


def test_the_label_of_a_moved_photo_is_the_folder_that_it_is_in_now(library: Library) -> None:
    labels = ("anchor", "anchor", "anchor", "", "by hand")
    with LibraryWriter(library) as writer:
        writer.add_photos(
            [
                new_photo(row, path=f"anchor/{row}.jpg" if row != 3 else "3.jpg", label=label)
                for row, label in enumerate(labels)
            ]
        )
        writer.move_all(
            {
                0: ("ANKER/deep/0.jpg", None),
                1: ("1.jpg", None),
                2: ("anchor/other.jpg", None),
                3: ("bee/3.jpg", None),
                4: ("ANKER/4.jpg", None),
            }
        )
    expected = ["ANKER", "", "anchor", "bee", "by hand"]
    for opened in (library, Library.open(library.path)):
        names = (*opened.label_names, "")
        assert [names[label] for label in opened.labels] == expected
        assert [opened.photo(row).label for row in range(5)] == expected


def test_a_new_file_at_the_place_of_a_moved_photo_is_a_photo_of_its_own(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 2)
        writer.move(0, "elsewhere.jpg")
        writer.add_photos([replace(photos[0], content="1" * 32)])
    assert library.alive.all()
    assert library.paths([0, 2]) == ["elsewhere.jpg", photos[0].path]


def test_a_photo_moved_over_another_hides_that_one(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 2)
        writer.move(0, photos[1].path)
    assert library.alive.tolist() == [True, False]
    assert Library.open(library.path).alive.tolist() == [True, False]


def test_two_photos_that_swapped_names_are_both_kept(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 2)
        writer.move_all({0: (photos[1].path, None), 1: (photos[0].path, None)})
    assert library.alive.all()
    assert library.paths([0, 1]) == [photos[1].path, photos[0].path]


def test_a_moved_photo_whose_file_changes_is_superseded_where_it_is_now(library: Library) -> None:
    with LibraryWriter(library) as writer:
        put_photos(writer, 2)
        writer.move(0, "elsewhere.jpg")
        writer.add_photos([new_photo(5, path="elsewhere.jpg")])
    assert library.alive.tolist() == [False, True, True]


def test_a_known_problem_is_not_tried_again_until_its_file_changes(library: Library) -> None:
    with LibraryWriter(library) as writer:
        photos = put_photos(writer, 2)
        writer.add_problem(Problem("broken.jpg", "It is empty.", 0, 5))
        writer.add_problem(Problem(photos[1].path, "It is cut short.", 3, 6))
    broken, broken_later = Found("broken.jpg", 0, 5), Found(photos[1].path, 3, 6)
    plan = plan_scan(library, [as_found(photos)[0], broken, broken_later])
    assert (plan.failed_before, plan.new, plan.changed, plan.missing) == (2, [], [], [])
    healed = replace(broken, size=9)
    assert plan_scan(library, [*as_found(photos), healed]).new == [healed]


def test_explicitly_superseded_rows_are_hidden(library: Library) -> None:
    with LibraryWriter(library) as writer:
        put_photos(writer, 3)
        writer.supersede(0, 2)
    assert library.alive.tolist() == [False, True, True]
    assert Library.open(library.path).alive.tolist() == [False, True, True]


def test_full_paths_follow_the_root(library: Library, tmp_path: Path) -> None:
    with LibraryWriter(library) as writer:
        put_photos(writer, 1)
    assert library.full_path(0) == tmp_path / library.path_of(0)
    library.set_root(tmp_path / "moved")
    assert library.full_path(0) == tmp_path / "moved" / library.path_of(0)
    assert Library.open(library.path).root == tmp_path / "moved"
