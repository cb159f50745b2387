"""The command ``hashviewer``, also as ``python -m hashviewer``."""

from hashviewer.cli.app import main

if __name__ == "__main__":
    main()
