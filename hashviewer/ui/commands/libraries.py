"""Commands of the File menu: libraries, models, exports."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog

from hashviewer.engines import is_address
from hashviewer.library import Problem
from hashviewer.ui.commands.base import WindowPart
from hashviewer.ui.opening import Found, Kind, in_words, look_at
from hashviewer.ui.tasks import sentence

if TYPE_CHECKING:
    from hashviewer.export import ExportReport
    from hashviewer.networks import Card
    from hashviewer.ui.dialogs.export import ResultPart

OPEN_FILTER = (
    "Libraries, models and pictures (*.h5 *.hdf5 *.safetensors *.pt *.pth *.ckpt *.jpg *.jpeg *.png *.webp *.gif *.bmp "
    "*.tif *.tiff *.heic *.heif *.avif);;All files (*)"
)


class LibraryCommands(WindowPart):
    """Opens, makes, refreshes, encodes, exports, packs."""

    def open_path(self, path: Path, *, index_at_once: bool = False) -> None:
        """Do what a path is for: open a library, search with a picture, show a model's card, read a folder.

        Args:
            path: What was given, dropped or pasted.
            index_at_once: Read a folder of photos without asking.
        """
        self.tasks.run(
            "open",
            look_at,
            path,
            on_done=partial(self._take_found, index_at_once),
            on_error=partial(self._could_not_open, path),
            label=f"Opening {path.name or in_words(path)}",
        )

    def new_library(self, folder: Path | None = None, model: Path | None = None) -> None:
        """Ask for a folder of photos and make its library."""
        from hashviewer.networks import models_folders
        from hashviewer.ui.dialogs.new_library import NewLibraryDialog

        models = sorted(path for models in models_folders() for path in models.glob("*.safetensors"))
        if model is not None and model not in models:
            models.insert(0, model)
        dialog = NewLibraryDialog(self.window, models, folder=folder)
        if model is not None:
            dialog.model.setCurrentIndex(dialog.model.findData(str(model)))
        dialog.started.connect(self._start_indexing)
        self.window.show_dialog(dialog)

    def open_file(self) -> None:
        """Ask for a file: a packed library, a model or a picture."""
        chosen, _ = QFileDialog.getOpenFileName(self.window, "Open", "", OPEN_FILTER)
        if chosen:
            self.open_path(Path(chosen))

    def open_library_folder(self) -> None:
        """Ask for a library folder."""
        chosen = QFileDialog.getExistingDirectory(self.window, "Open a library folder")
        if chosen:
            self.open_path(Path(chosen))

    def connect_engine(self, address: str = "") -> None:
        """Ask for the address of an engine that a library was pushed to."""
        from hashviewer.ui.dialogs.connect import ConnectDialog

        dialog = ConnectDialog(self.window, address=address)
        dialog.wanted.connect(lambda wanted: self.open_path(Path(wanted)))
        self.window.show_dialog(dialog)

    def open_sample(self) -> None:
        """Open the sample library, made on first use."""
        if self.explorer.workspace is None:
            self.window.show_opening("the sample library")
        self.window.indexing.open_sample()

    def close_library(self) -> None:
        """Back to the welcome page."""
        self.tasks.stop("index")
        self.window.controller.show_workspace(None)

    def refresh_library(self) -> None:
        """Read what is new, changed or gone."""
        self.window.indexing.refresh()

    def encode_with_model(self) -> None:
        """Ask for a model and show its card, which offers to encode."""
        from hashviewer.networks import models_folders

        folders = models_folders()
        start = str(folders[0]) if folders else ""
        chosen, _ = QFileDialog.getOpenFileName(self.window, "Open a model", start, "Models (*.safetensors)")
        if chosen:
            self.open_path(Path(chosen))

    def export_results(self) -> None:
        """Ask what to export of the present answer."""
        from hashviewer.ui.dialogs.export import ExportDialog, parts_of

        results, query = self.explorer.results, self.explorer.query
        if results is None or query is None or results.query is not query:
            self.window.tell(
                "Nothing to export yet: ask a query first, by double-clicking a photo or dropping a picture."
            )
            return
        parts = parts_of(
            results.matches,
            k=results.options.k,
            radius=self.explorer.radius,
            selected=self.explorer.selection.rows,
        )
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        folder = Path(documents) if documents and Path(documents).is_dir() else Path.home()
        name = re.sub(r"[^\w-]+", "-", Path(query.title).stem).strip("-") or "query"
        dialog = ExportDialog(self.window, parts, folder=folder, name=f"like-{name}")
        dialog.chosen.connect(self._export)
        self.window.show_dialog(dialog)

    def pack_library(self) -> None:
        """Ask for a file and pack the open library into it."""
        workspace = self.explorer.workspace
        if workspace is None:
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self.window, "Pack into one file", f"{workspace.name}.h5", "Packed libraries (*.h5)"
        )
        if chosen:
            self.window.indexing.pack(Path(chosen))

    def show_problems(self) -> None:
        """List the files that could not be read."""
        workspace = self.explorer.workspace
        if workspace is not None:
            self.tasks.run("list problems", workspace.library.problems, on_done=self._list_problems)

    def quit(self) -> None:
        """Close the window."""
        self.window.close()

    # Inside

    def _take_found(self, index_at_once: bool, found: Found) -> None:  # noqa: FBT001 - bound by partial
        if found.workspace is not None:
            self.window.controller.show_workspace(found.workspace)
            self.window.settings.add_recent(found.path)
        elif found.kind is Kind.FOLDER:
            if index_at_once:
                self.window.indexing.open_folder(found.path)
            else:
                self.new_library(found.path)
        elif found.kind is Kind.PICTURE:
            self._search_with(found.path)
        else:
            self._show_card(found.path)

    def _search_with(self, path: Path) -> None:
        if self.explorer.workspace is None:
            self.window.tell(
                f"“{path.name}” can be searched with once a library is open.",
                way_out="Open the sample",
                do=self.open_sample,
                is_error=False,
            )
            return
        self.explorer.image_asked.emit(path, path.name)

    def _show_card(self, path: Path) -> None:
        from hashviewer.networks import read_card

        self.tasks.run(
            "card", read_card, path, on_done=self._offer_model, on_error=partial(self._could_not_open, path)
        )

    def _offer_model(self, card: "Card") -> None:
        from hashviewer.ui.dialogs.model_card import ModelCardDialog

        workspace = self.explorer.workspace
        has_codes = workspace is not None and any(
            info.model_sha256 == card.sha256 and info.encoded >= int(workspace.library.alive.sum())
            for info in workspace.code_sets
        )
        name = "" if workspace is None else workspace.name
        dialog = ModelCardDialog(self.window, card, library=name, has_codes=has_codes)
        dialog.encode_wanted.connect(self.window.indexing.encode)
        dialog.folder_wanted.connect(lambda path: self.new_library(None, path))
        self.window.show_dialog(dialog)

    def _start_indexing(self, folder: Path, place: Path, model: str) -> None:
        self.window.indexing.open_folder(folder, place=place, model=model)

    def _could_not_open(self, path: Path, error: Exception) -> None:
        if is_address(path):
            self.window.tell(
                sentence(error, doing="Opening"), way_out="Try again", do=partial(self.open_path, path)
            )
            return
        if not path.exists():
            self.window.settings.forget_recent(path)
            self.window.show_recent()
        self.window.tell(sentence(error, doing="Opening"), way_out="Open another…", do=self.open_file)

    def _export(self, part: "ResultPart", format: str, output: Path) -> None:
        from hashviewer.export import export

        query, workspace = self.explorer.query, self.explorer.workspace
        if query is None or workspace is None:
            return
        asked = replace(query, by_mean=self.explorer.options.by_mean)
        work = partial(
            export, workspace, asked, part.matches, format=format, output=output, k=part.k, radius=part.radius
        )
        self.tasks.run(
            "export",
            work,
            on_done=self._on_exported,
            on_error=lambda error: self.window.tell(
                sentence(error, doing="Exporting"), way_out="Export elsewhere…", do=self.export_results
            ),
            pass_progress=True,
            label=f"Exporting to {output.name}",
        )

    def _on_exported(self, report: "ExportReport") -> None:
        self.window.tell(
            f"{report.photos:,} {'photo was' if report.photos == 1 else 'photos were'} exported to {report.output}.",
            way_out="Show",
            do=partial(self.window.commands.show_file, report.output),
            is_error=False,
        )

    def _list_problems(self, problems: list[Problem]) -> None:
        from hashviewer.ui.dialogs.problems import ProblemsDialog

        workspace = self.explorer.workspace
        root = None if workspace is None else workspace.library.root
        self.window.show_dialog(ProblemsDialog(self.window, problems, root))
