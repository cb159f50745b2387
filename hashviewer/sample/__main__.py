"""The child process that paints a part of the sample: FOLDER SEED COUNT PART PARTS; a line for each scene.

The parent closes the other end of the pipe when it ends, whatever ends it; the next line then ends the child.
"""

import sys
from pathlib import Path

from hashviewer.sample.plan import plan
from hashviewer.sample.shots import write_scene


def main(arguments: list[str]) -> None:
    """Paint every PARTS-th scene, beginning with the PART-th."""
    folder = Path(arguments[0])
    seed, count, part, parts = (int(text) for text in arguments[1:])
    for shots in plan(seed, count)[part::parts]:
        write_scene(folder, seed, shots)
        print(len(shots), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
