"""hashviewer buckets: the occupied codes around a picture."""

from typing import TYPE_CHECKING

from hashviewer.cli.asking import (
    HERE,
    AskedArgument,
    CodesOption,
    EngineOption,
    JsonOption,
    LibraryArgument,
    asked,
    codes_of,
    opened,
)
from hashviewer.cli.output import print_json, say, say_table
from hashviewer.cli.query import RadiusOption

if TYPE_CHECKING:
    from hashviewer.statistics import Buckets


def buckets(
    library: LibraryArgument,
    image: AskedArgument,
    radius: RadiusOption = None,
    codes: CodesOption = "",
    engine: EngineOption = HERE,
    json: JsonOption = False,
) -> None:
    """Show which hash buckets around a picture are occupied, and by which photos.

    Without --radius: within an eighth of the bits.
    """
    with opened(library, engine=engine) as workspace:
        question = asked(workspace, image, codes=codes_of(workspace, codes))
        info = workspace.code_set(question.codes)
        within = max(1, info.bits // 8) if radius is None else radius
        found = workspace.buckets(question, radius=within)
        if json:
            print_json({"bits": info.bits, "radius": within, **document(found), "model": info.model})
        else:
            _say(found)


def document(found: "Buckets") -> dict[str, object]:
    """Rings and buckets as JSON; codes in hexadecimal digits, byte 0 first."""
    from hashviewer.codes import to_hex

    return {
        "rings": [
            {"radius": ring.radius, "buckets": ring.buckets, "photos": ring.photos} for ring in found.rings
        ],
        "buckets": [
            {
                "code": to_hex(bucket.code),
                "distance": bucket.distance,
                "photos": len(bucket.rows),
                "rows": bucket.rows.tolist(),
            }
            for bucket in found.buckets
        ],
    }


def _say(found: "Buckets") -> None:
    from hashviewer.codes import to_hex

    say_table(
        ("radius", "buckets", "photos", "codes within"),
        [
            (ring.radius, ring.buckets, ring.photos, probes)
            for ring, probes in zip(found.rings, found.probes, strict=True)
        ],
    )
    say("")
    say_table(
        ("distance", "photos", "code", "rows"),
        [
            (
                bucket.distance,
                len(bucket.rows),
                to_hex(bucket.code),
                " ".join(map(str, bucket.rows[:12].tolist())) + (" …" if len(bucket.rows) > 12 else ""),
            )
            for bucket in found.buckets
        ],
    )
    listed, occupied = len(found.buckets), sum(ring.buckets for ring in found.rings)
    if listed < occupied:
        say(f"The first {listed:,} of {occupied:,} occupied buckets are listed.")
