"""One module per way to read a format; `hashviewer.images.decoding` chooses by content."""
