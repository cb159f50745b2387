"""Long work on the library: reading a folder of photos, encoding with another model, packing, the sample."""

from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from hashviewer.progress import Progress
from hashviewer.ui.controller import Controller
from hashviewer.ui.explorer import Explorer
from hashviewer.ui.opening import open_or_create
from hashviewer.ui.tasks import TaskQueue
from hashviewer.workspace import Workspace, locate_library

if TYPE_CHECKING:
    from hashviewer.encoding import IndexReport

DEFAULT_MODEL = "photos-64"
REFRESH_SECONDS = 1.5  # how often new rows of a running index appear


class Indexing(QObject):
    """Runs one long job at a time on the open library, under the key "index".

    Signals:
        reported: What a job has done, in a sentence.
        failed: Why a job stopped, and the folder that it was about.
        opened: A library was opened or made, at this path.
    """

    reported = Signal(str)
    failed = Signal(str, object)
    opened = Signal(object)

    def __init__(self, controller: Controller, explorer: Explorer, tasks: TaskQueue) -> None:
        super().__init__()
        self._controller = controller
        self._explorer = explorer
        self._tasks = tasks
        self._refreshed = 0.0
        self._first_query_wanted = False
        explorer.library_grew.connect(self._ask_first)
        explorer.codes_changed.connect(self._ask_first)

    @property
    def running(self) -> bool:
        """Whether a job is under way."""
        return self._tasks.runs("index")

    def open_folder(
        self,
        folder: Path,
        *,
        place: Path | None = None,
        model: str = DEFAULT_MODEL,
        first_query: bool = False,
    ) -> None:
        """Open the library of a folder of photos, making it if need be, and read what is new in the folder.

        Args:
            folder: Where the photos are.
            place: Where the library is; None for its place in the user's data.
            model: Name or path of the model that encodes.
            first_query: Whether to ask for the neighbours of a photo as soon as there are codes.
        """
        self._first_query_wanted = first_query
        self._tasks.run(
            "open",
            open_or_create,
            folder,
            place or locate_library(folder),
            on_done=partial(self._on_opened, folder, model),
            on_error=partial(self._on_failed, folder),
            label="Opening the library",
        )

    def open_sample(self) -> None:
        """Open the sample library, rendering it the first time."""
        self._tasks.run(
            "sample",
            _make_sample,
            on_done=partial(self.open_folder, first_query=True),
            on_error=partial(self._on_failed, None),
            pass_progress=True,
            label="Making the sample library, once",
        )

    def refresh(self, *, model: str = "") -> None:
        """Read what is new, changed or gone in the open library's folder."""
        workspace = self._explorer.workspace
        if workspace is not None and workspace.at_engine:
            done = partial(self._on_engine_read, workspace)
            self._tasks.run("grow", workspace.refresh, on_done=done, label="Asking the engine what is new")
            return
        folder = None if workspace is None else workspace.library.root
        if workspace is None or folder is None:
            url = "" if workspace is None else workspace.library.url
            why = "This library belongs to no folder of photos, so there is nothing to read anew."
            if workspace is not None and url:
                why = f"The photos are at {url}. Read them anew with hashviewer index {url} -o {workspace.library.path}"
            self.failed.emit(why, None)
            return
        if self.running:
            self.reported.emit("The folder is being read already.")
            return
        chosen = model or self._model_of(workspace)
        self._run(partial(_index, folder, workspace, chosen), label="Reading photos", folder=folder)

    def encode(self, model: Path) -> None:
        """Encode the photos of the open library with another model, adding a code set."""
        workspace = self._explorer.workspace
        if workspace is not None and workspace.at_engine:
            self.failed.emit(
                f"Photos are encoded into the library itself, and then pushed to {workspace.place}: run “hashviewer index” and "
                "“hashviewer push”.",
                None,
            )
        elif workspace is not None:
            label = f"Encoding with {model.stem}"
            self._run(partial(_encode, workspace, model), label=label, folder=workspace.library.root)

    def pack(self, target: Path) -> None:
        """Write the open library as one file."""
        workspace = self._explorer.workspace
        if workspace is not None:
            self._tasks.run(
                "pack",
                partial(_pack, workspace, target),
                on_done=lambda _nothing: self.reported.emit(f"The library was packed into {target}."),
                on_error=partial(self._on_failed, None),
                pass_progress=True,
                label=f"Packing into {target.name}",
            )

    # Inside

    def _run(self, work: partial["IndexReport"], *, label: str, folder: Path | None) -> None:
        self._refreshed = monotonic()
        self._tasks.run(
            "index",
            work,
            on_done=self._on_done,
            on_error=partial(self._on_failed, folder),
            on_progress=self._on_progress,
            pass_progress=True,
            label=label,
        )

    def _on_opened(self, folder: Path, model: str, workspace: Workspace) -> None:
        self._controller.show_workspace(workspace)
        self.opened.emit(workspace.library.path)
        self._ask_first()
        self.refresh(model="" if workspace.code_sets else model)

    def _model_of(self, workspace: Workspace) -> str:
        """The model that made the code set shown: new photos get codes of the same kind."""
        codes = self._explorer.codes
        if codes is None:
            return DEFAULT_MODEL
        info = workspace.code_set(codes)
        return info.model_path if info.model_path and Path(info.model_path).is_file() else info.model

    def _on_progress(self, _done: int, _total: int | None, _message: str) -> None:
        if monotonic() - self._refreshed > REFRESH_SECONDS and not self._tasks.runs("grow"):
            self._refreshed = monotonic()
            self._grow()

    def _grow(self) -> None:
        workspace = self._explorer.workspace
        if workspace is not None:
            self._tasks.run("grow", workspace.refresh, on_done=partial(self._on_grown, workspace))

    def _on_grown(self, workspace: Workspace, changed: bool) -> None:  # noqa: FBT001 - the result of refresh
        if changed and workspace is self._explorer.workspace:
            self._explorer.library_grew.emit()

    def _on_engine_read(self, workspace: Workspace, changed: bool) -> None:  # noqa: FBT001 - the result of refresh
        self._on_grown(workspace, changed)
        self.reported.emit(
            f"{workspace.place}: "
            + ("what was pushed since is shown." if changed else "nothing was pushed since.")
        )

    def _on_done(self, report: "IndexReport") -> None:
        self._grow()
        self.reported.emit(in_words(report))

    def _on_failed(self, folder: Path | None, error: Exception) -> None:
        from hashviewer.ui.tasks import sentence

        self._grow()
        self.failed.emit(sentence(error, doing="Reading the photos"), folder)

    def _ask_first(self) -> None:
        """Ask the first question of a library that should not open empty-handed."""
        workspace, codes = self._explorer.workspace, self._explorer.codes
        if not self._first_query_wanted or workspace is None or codes is None:
            return
        encoded = workspace.searchable(codes).nonzero()[0]
        if len(encoded):
            self._first_query_wanted = False
            self._explorer.row_asked.emit(int(encoded[0]))


def in_words(report: "IndexReport") -> str:
    """What a job has done, in a sentence."""
    parts = [
        f"{count:,} {word}"
        for count, word in (
            (report.added, "added"),
            (report.encoded if not report.added + report.changed else 0, "encoded"),
            (report.changed, "changed"),
            (report.moved, "moved"),
            (report.missing, "missing"),
            (report.problems, "could not be read"),
        )
        if count
    ]
    rate = f", {report.photos_per_second:,.0f} photos/s" if report.encoded else ""
    what = ", ".join(parts) if parts else f"nothing new among {report.unchanged:,} photos"
    return f"{'Stopped; kept' if report.cancelled else 'Done'}: {what}{rate}."


def _make_sample(progress: Progress) -> Path:
    from hashviewer.sample import render_sample, sample_folder

    folder = sample_folder()
    render_sample(folder, progress=progress)
    return folder


def _index(folder: Path, workspace: Workspace, model: str, progress: Progress) -> "IndexReport":
    from hashviewer.encoding import index_in_child
    from hashviewer.networks import find_model

    return index_in_child(folder, workspace.library.path, model=find_model(model), progress=progress)


def _encode(workspace: Workspace, model: Path, progress: Progress) -> "IndexReport":
    from hashviewer.encoding import encode_library_in_child

    return encode_library_in_child(workspace.library.path, model=model, progress=progress)


def _pack(workspace: Workspace, target: Path, progress: Progress) -> None:
    from hashviewer.library import pack

    pack(workspace.library, target, progress=progress)
