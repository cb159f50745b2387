"""The sample library's pictures: photo-like scenes rendered by our own recipe.

They exist so that the first minute shows every view full: kinds as labels, near-duplicates, dates, orientations.
`plan` says which pictures there are, `scenes` holds a file for each kind, `paint`, `nature` and `fields` are the
brushes, `rendering` makes the folder.
"""

from hashviewer.sample.plan import COUNT, Shot, plan
from hashviewer.sample.rendering import GROUPS, render_sample, sample_folder
from hashviewer.sample.scenes import KINDS, Kind
from hashviewer.sample.shots import VERSION

__all__ = [
    "COUNT",
    "GROUPS",
    "KINDS",
    "VERSION",
    "Kind",
    "Shot",
    "plan",
    "render_sample",
    "sample_folder",
]
