"""Features that are maps: D channels at P places, for methods that weigh places."""

from torch import Tensor

from hashviewer.errors import MethodError
from hashviewer.methods._base import Shape


def channels(shape: Shape) -> int:
    """Channels of the map.

    Raises:
        MethodError: The features are not a whole number of channels.
    """
    if shape.feature_dim % shape.positions:
        raise MethodError(
            f"{shape.feature_dim} features do not spread over {shape.positions} places of a map; give a number of "
            "places that divides them."
        )
    return shape.feature_dim // shape.positions


def places(features: Tensor, positions: int) -> Tensor:
    """Features (n, D P), channel by channel, as vectors at places (n, P, D)."""
    return features.reshape(len(features), -1, positions).transpose(1, 2)
