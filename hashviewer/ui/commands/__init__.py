"""What the actions of the window do, a module for each kind."""

from hashviewer.ui.commands.libraries import LibraryCommands
from hashviewer.ui.commands.photos import PhotoCommands
from hashviewer.ui.commands.queries import QueryCommands
from hashviewer.ui.commands.searching import SearchCommands
from hashviewer.ui.commands.training import TrainingCommands
from hashviewer.ui.commands.window import WindowCommands


class Commands(
    LibraryCommands, PhotoCommands, QueryCommands, SearchCommands, TrainingCommands, WindowCommands
):
    """Every slot that the table of actions names."""
