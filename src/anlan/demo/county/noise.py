"""Numbers that look random and are not: hashes of whole numbers, and smooth noise over a plane made of them.

Everything fictional in the demo county comes from here, so that a seed gives the same county on every machine and
any slice of a signal can be computed without the slices before it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def scramble(*keys: ArrayLike) -> NDArray[np.uint64]:
    """Hash whole numbers into 64 even bits (splitmix64 finaliser, one round a key). Keys broadcast together."""
    with np.errstate(over="ignore"):
        bits = np.zeros(np.broadcast_shapes(*(np.shape(key) for key in keys)), np.uint64)
        for key in keys:
            bits = bits ^ np.asarray(key).astype(np.int64).astype(np.uint64)
            bits = bits + _GOLDEN
            bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
            bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
            bits = bits ^ (bits >> np.uint64(31))
    return bits


def even(*keys: ArrayLike) -> NDArray[np.float64]:
    """One number in [0, 1) for each combination of whole-number keys."""
    return (scramble(*keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def bell(*keys: ArrayLike) -> NDArray[np.float64]:
    """One number of mean 0 and deviation 1 for each combination of keys; the sum of four even ones, so within ±3.5."""
    total = even(*keys, 1) + even(*keys, 2) + even(*keys, 3) + even(*keys, 4)
    return (total - 2.0) * np.sqrt(3.0)


def plane(x: ArrayLike, y: ArrayLike, seed: int) -> NDArray[np.float64]:
    """Gradient noise of unit wavelength, about −1 … 1, smooth to the second derivative (Perlin 2002)."""
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    u, v = x - column, y - row

    def corner(dx: int, dy: int) -> NDArray[np.float64]:
        turn = even(seed, column + dx, row + dy) * (2 * np.pi)
        return np.cos(turn) * (u - dx) + np.sin(turn) * (v - dy)

    fade_u, fade_v = u**3 * (u * (6 * u - 15) + 10), v**3 * (v * (6 * v - 15) + 10)
    low = corner(0, 0) * (1 - fade_u) + corner(1, 0) * fade_u
    high = corner(0, 1) * (1 - fade_u) + corner(1, 1) * fade_u
    return np.asarray(low * (1 - fade_v) + high * fade_v) * 1.41


def hills(x: ArrayLike, y: ArrayLike, seed: int, octaves: int = 5, gain: float = 0.5) -> NDArray[np.float64]:
    """Fractal sum of `plane`: each octave half as long and `gain` as high as the one before."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    total: NDArray[np.float64] = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    for octave in range(octaves):
        scale = 2.0**octave
        total += gain**octave * plane(x * scale + 17.3 * octave, y * scale - 9.1 * octave, seed + octave)
    return total


def ridges(x: ArrayLike, y: ArrayLike, seed: int, octaves: int = 5, gain: float = 0.5) -> NDArray[np.float64]:
    """Fractal noise folded at zero, so that its tops are sharp crest lines; about 0 … 1 (Musgrave's ridged form)."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    total: NDArray[np.float64] = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    weight: NDArray[np.float64] = np.ones_like(total)
    for octave in range(octaves):
        scale = 2.0**octave
        fold = (1.0 - np.abs(plane(x * scale + 5.7 * octave, y * scale + 2.9 * octave, seed + octave))) ** 2
        total += fold * weight * gain**octave
        weight = np.clip(fold * 1.6, 0, 1)
    return np.asarray(total / sum(gain**octave for octave in range(octaves)))
