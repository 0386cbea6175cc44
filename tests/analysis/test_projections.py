"""The plane that vectors of a run are projected onto."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from crosslift.analysis.projections import Plane
from crosslift.retrieval.similarity import unit_rows


def test_the_plane_is_that_of_principal_components() -> None:
    chance = np.random.default_rng(4)
    units = unit_rows(chance.normal(size=(200, 12)) * np.linspace(3, 1, 12))
    other = unit_rows(chance.normal(size=(50, 12)))
    theirs = PCA(2, svd_solver="full").fit(units.astype(np.float64))
    plane = Plane.fitted(units)
    signs = np.sign((plane.axes * theirs.components_.T).sum(axis=0))
    for rows in (units, other):
        np.testing.assert_allclose(plane.project(rows), theirs.transform(rows) * signs, atol=1e-6)
    assert (plane.axes[np.abs(plane.axes).argmax(axis=0), [0, 1]] > 0).all()


def test_vectors_of_one_dimension_and_all_equal_vectors() -> None:
    flat = Plane.fitted(unit_rows(np.array([[1.0], [-1.0], [1.0]])))
    assert flat.project(np.ones((2, 1), np.float32)).shape == (2, 2)
    same = Plane.fitted(unit_rows(np.ones((5, 3))))
    assert np.abs(same.project(unit_rows(np.ones((5, 3))))).max() < 1e-6
