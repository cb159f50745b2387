import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Literal

from hashviewer.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """How upright sRGB pixels become the uint8 input of a network.

    The value is stored with every checkpoint and every code set, since codes compare only where it is the same.

    Attributes:
        size: Edge of the square input in pixels.
        fit: "crop" brings the short edge to ``size / crop_fraction`` and keeps the centre; "squash" brings the
            whole picture to the square.
        crop_fraction: Share of the short edge that "crop" keeps, in (0, 1].
        interpolation: The antialiased filter that resizes.
        mean: Subtracted inside the network.
        scale: Divided by inside the network: ``(x - mean) / scale``.
    """

    size: int = 224
    fit: Literal["crop", "squash"] = "crop"
    crop_fraction: float = 0.875
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"
    mean: float = 127.0
    scale: float = 128.0

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 4096:
            raise CheckpointError(f"A network input of {self.size} pixels is outside 1 to 4096.")
        if self.fit not in ("crop", "squash"):
            raise CheckpointError(f"The fit “{self.fit}” is unknown; it is “crop” or “squash”.")
        if not 0.0 < self.crop_fraction <= 1.0:
            raise CheckpointError(f"A crop fraction of {self.crop_fraction} is outside 0 to 1.")
        if self.interpolation not in ("bilinear", "bicubic"):
            raise CheckpointError(
                f"The interpolation “{self.interpolation}” is unknown; it is “bilinear” or “bicubic”."
            )
        if self.scale == 0:
            raise CheckpointError("A scale of 0 would divide every pixel by zero.")

    @property
    def short_edge(self) -> int:
        """The short edge in pixels that a picture needs so that nothing is enlarged."""
        return self.size if self.fit == "squash" else round(self.size / self.crop_fraction)

    def to_json(self) -> str:
        """The same value gives the same text, so that texts can be compared."""
        values = {name: float(value) if name in _FLOATS else value for name, value in asdict(self).items()}
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Preprocessing":
        """Read what `to_json` wrote; fields that are left out keep their defaults.

        Raises:
            CheckpointError: The text is no such description, or asks for what this version cannot do.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise CheckpointError(f"The preprocessing of this model is not JSON: {error}.") from error
        if not isinstance(values, dict):
            raise CheckpointError("The preprocessing of this model is not a JSON object.")
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise CheckpointError(
                f"The preprocessing of this model asks for “{unknown[0]}”, which is unknown here."
            )
        for name in (_FLOATS | {"size"}) & set(values):
            if type(values[name]) not in (int, float) or not math.isfinite(values[name]):
                raise CheckpointError(f"The preprocessing of this model has no number for “{name}”.")
            values[name] = float(values[name])
        if "size" in values:
            values["size"] = int(values["size"])
        return cls(**values)


_FLOATS = frozenset(("crop_fraction", "mean", "scale"))
