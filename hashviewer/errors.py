"""What can go wrong, in words for the user.

The text of every error is a sentence that says what happened and what to do about it; it is shown as it is,
in the window and on stderr.
"""


class HashViewerError(Exception):
    """Something the user can understand and act on."""


class CodeError(HashViewerError):
    """Binary codes of a shape or width that do not fit."""


class ImageError(HashViewerError):
    """A picture that cannot be read; the text is the reason."""


class LibraryError(HashViewerError):
    """A library that cannot be opened, read or written."""


class CheckpointError(HashViewerError):
    """A model file that cannot be used."""


class EncodingError(HashViewerError):
    """The encoder could not start or stopped early."""


class SearchError(HashViewerError):
    """A query that cannot be answered."""


class EngineError(SearchError):
    """An engine for searching that cannot be reached, or cannot answer."""


class ExportError(HashViewerError):
    """A result set that cannot be written."""


class MethodError(HashViewerError):
    """A hashing method, or one of its settings, that does not exist or cannot do what was asked."""


class DatasetError(HashViewerError):
    """Labelled data that cannot be read or do not suffice."""


class TrainingError(HashViewerError):
    """A training run that cannot start or go on."""
