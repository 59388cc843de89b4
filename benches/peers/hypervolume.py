"""Exact hypervolume of minimized points in two or three objectives."""

import numpy as np


def front(points):
    """The points that no other one dominates, sorted by the first objective; duplicates once."""
    points = np.unique(np.asarray(points, float), axis=0)
    if len(points) == 0:
        return points
    if points.shape[1] == 2:
        best_before = np.minimum.accumulate(np.concatenate(([np.inf], points[:-1, 1])))
        return points[points[:, 1] < best_before]
    keep = [not np.any(np.all(points <= p, axis=1) & np.any(points < p, axis=1)) for p in points]
    return points[keep]


def hypervolume(points, reference):
    """What `points` dominate within `reference`: a sweep in two objectives, slices of sweeps in three."""
    reference = np.asarray(reference, float)
    points = np.asarray(points, float).reshape(-1, len(reference))
    points = front(points[np.all(points < reference, axis=1)])
    if len(points) == 0:
        return 0.0
    if len(reference) == 2:
        heights = np.concatenate(([reference[1]], points[:-1, 1])) - points[:, 1]
        return float(np.sum((reference[0] - points[:, 0]) * heights))
    points = points[np.argsort(points[:, -1])]
    tops = np.concatenate((points[1:, -1], reference[-1:]))
    return sum(
        (top - point[-1]) * hypervolume(points[: i + 1, :-1], reference[:-1])
        for i, (point, top) in enumerate(zip(points, tops))
        if top > point[-1]
    )
