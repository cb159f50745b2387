"""Pictures: found in folders, decoded once for network and thumbnail, upright and in sRGB."""

from hashviewer.images.decoding import Decoded, Upright, decode, load_scaled, load_upright
from hashviewer.images.finding import SUFFIXES, FoundFile, find_photos
from hashviewer.images.hashing import content_hash
from hashviewer.images.limits import MAX_PIXELS
from hashviewer.images.listing import PhotoList, read_list
from hashviewer.images.preprocessing import Preprocessing
from hashviewer.images.stores import Store, StoredPhoto, is_there, is_url, place_of
from hashviewer.images.thumbnails import decode_thumbnail
from hashviewer.images.variants import cut_out, turnings

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "Decoded",
    "FoundFile",
    "PhotoList",
    "Preprocessing",
    "Store",
    "StoredPhoto",
    "Upright",
    "content_hash",
    "cut_out",
    "decode",
    "decode_thumbnail",
    "find_photos",
    "is_there",
    "is_url",
    "load_scaled",
    "load_upright",
    "place_of",
    "read_list",
    "turnings",
]
