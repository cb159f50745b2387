"""The dialogs of the window; none of them stops what runs behind it."""
