"""Codebooks: items as sums of codewords, one from each of M books of K words.

Books are (M, K, D); codes are indices (N, M) int64. Product quantization is the case where book m is zero outside
its own block of D / M columns.
"""

import itertools

import torch
from torch import Tensor

from hashviewer.errors import MethodError
from hashviewer.methods._pairs import squared_distance
from hashviewer.methods._sign import signs

_RIDGE = 1e-3
_NEVER_USED = 1e-8  # squared norm of a word that no item uses


def layout(bits: int, *, words: int = 256) -> int:
    """Number of books M for a code length, with `words` (a power of two) in each.

    Raises:
        MethodError: The code is not a whole number of indices.
    """
    per_book = words.bit_length() - 1
    if words != 1 << per_book:
        raise MethodError(f"A codebook has a power of two of words, not {words}.")
    if bits % per_book:
        lower = max(bits // per_book, 1) * per_book
        raise MethodError(
            f"Codebooks of {words} words make codes of {per_book}, {2 * per_book}, {3 * per_book} … bits; "
            f"{bits} is none of them. The nearest are {lower} and {lower + per_book}."
        )
    return bits // per_book


def to_bits(indices: Tensor, words: int) -> Tensor:
    """Indices (N, M) as codes (N, M log2 K) of -1 and +1, most significant bit first."""
    shifts = torch.arange(words.bit_length() - 2, -1, -1, device=indices.device)
    return ((indices[:, :, None] >> shifts) & 1).flatten(1).to(torch.float32) * 2 - 1


def from_bits(codes: Tensor, words: int) -> Tensor:
    """The inverse of `to_bits`: values (N, M log2 K), 1 where >= 0, to indices (N, M)."""
    per_book = words.bit_length() - 1
    weights = 1 << torch.arange(per_book - 1, -1, -1, device=codes.device)
    bits = (signs(codes) > 0).to(torch.int64).reshape(len(codes), -1, per_book)
    indices: Tensor = (bits * weights).sum(2)
    return indices


def reconstruct(indices: Tensor, books: Tensor) -> Tensor:
    """The sums of codewords (N, D)."""
    return sum((books[m, indices[:, m]] for m in range(1, len(books))), start=books[0, indices[:, 0]])


def kmeans(points: Tensor, count: int, *, iterations: int = 10) -> Tensor:
    """Centroids (count, D) of points (N, D); begun at random points, an empty one moves to a random point."""
    order = torch.randperm(len(points)).to(points.device)
    centroids = points[order[torch.arange(count, device=points.device) % len(points)]].clone()
    for _ in range(iterations):
        nearest = squared_distance(points, centroids).argmin(1)
        counts = torch.bincount(nearest, minlength=count)
        sums = torch.zeros_like(centroids).index_add_(0, nearest, points)
        again = points[torch.randint(len(points), (count,)).to(points.device)]
        centroids = torch.where(counts[:, None] > 0, sums / counts.clamp_min(1)[:, None], again)
    return centroids


def blocks(dimensions: int, books: int) -> list[slice]:
    """The columns of each book: consecutive, as even as can be."""
    edges = [round(m * dimensions / books) for m in range(books + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(edges)]


def begin_as_product(points: Tensor, books: int, words: int) -> Tensor:
    """Books (M, K, D) from k-means in each block of columns, zero elsewhere."""
    made = points.new_zeros(books, words, points.shape[1])
    for m, columns in enumerate(blocks(points.shape[1], books)):
        made[m, :, columns] = kmeans(points[:, columns], words)
    return made


def icm(
    points: Tensor,
    books: Tensor,
    *,
    sweeps: int = 3,
    metric: Tensor | None = None,
    in_order: bool = False,
) -> Tensor:
    """Indices (N, M) by iterated conditional modes: visit one book after another, best word given the others.

    Args:
        points: (N, D).
        books: (M, K, D).
        sweeps: Passes over the books; begun with no word chosen.
        metric: V (G, D): errors are measured as ||V e||^2; None for ||e||^2.
        in_order: Whether the books are visited from the first to the last, so that equal points get equal codes
            whenever they are encoded; else each sweep draws an order.
    """
    if metric is not None:
        points, books = points @ metric.T, books @ metric.T
    indices = torch.zeros(len(points), len(books), dtype=torch.int64, device=points.device)
    chosen = torch.zeros_like(points[None]).repeat(len(books), 1, 1)  # (M, N, D)
    for _ in range(sweeps):
        for m in visits(len(books), in_order=in_order):
            residual = points - (chosen.sum(0) - chosen[m])
            indices[:, m] = squared_distance(residual, books[m]).argmin(1)
            chosen[m] = books[m, indices[:, m]]
    return indices


def visits(books: int, *, in_order: bool) -> list[int]:
    """The order in which a sweep visits the books: as they stand, or drawn."""
    order: list[int] = list(range(books)) if in_order else torch.randperm(books).tolist()
    return order


def least_squares(points: Tensor, indices: Tensor, books: Tensor) -> Tensor:
    """The books (M, K, D) with the least error for given indices, with a small ridge; unused words stay."""
    count, words, dimensions = books.shape
    chosen = torch.nn.functional.one_hot(indices, words).flatten(1).to(points.dtype)  # (N, M K)
    gram = chosen.T @ chosen + _RIDGE * torch.eye(count * words, device=points.device, dtype=points.dtype)
    solved = torch.linalg.solve(gram, chosen.T @ points)
    old = books.reshape(count * words, dimensions)
    used = solved.square().sum(1, keepdim=True) >= _NEVER_USED
    return torch.where(used, solved, old).reshape(books.shape)


def look_up_scores(queries: Tensor, indices: Tensor, books: Tensor) -> Tensor:
    """Inner products (Q, N) of queries (Q, D) with reconstructed items, by tables of M K products per query."""
    tables = torch.einsum("qd,mkd->mqk", queries, books)
    scores = tables[0][:, indices[:, 0]]
    for m in range(1, len(books)):
        scores = scores + tables[m][:, indices[:, m]]
    return scores


def look_up_distances(queries: Tensor, indices: Tensor, books: Tensor) -> Tensor:
    """Squared distances (Q, N) of queries (Q, D) to reconstructed items."""
    norms = reconstruct(indices, books).square().sum(1)
    scores = look_up_scores(queries, indices, books)
    return (queries.square().sum(1)[:, None] + norms[None] - 2 * scores).clamp_min(0)


def spread(words: Tensor, columns: list[slice]) -> Tensor:
    """Words (K, D) of a product quantizer, block beside block, as books (M, K, D) that are 0 elsewhere."""
    books = words.new_zeros(len(columns), *words.shape)
    for m, block in enumerate(columns):
        books[m, :, block] = words[:, block]
    return books
