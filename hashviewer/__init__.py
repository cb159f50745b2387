"""HashViewer: a desktop retrieval explorer for deep hashing."""

__version__ = "0.1.0"
