"""Derived points: named functions of other points, computed on schedule or on arrival, fed in like any reading."""
