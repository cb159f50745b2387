import xxhash


def content_hash(data: bytes) -> str:
    """The 128-bit XXH3 of a file's bytes in 32 hex digits: the same bytes are the same photo, wherever they lie."""
    return xxhash.xxh3_128_hexdigest(data)
