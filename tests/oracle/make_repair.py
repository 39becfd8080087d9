"""make_repair.py - fixtures of tests/oracle/lab_repair.c: mended labels by other programs, in f64.

    pip install scikit-learn numpy           (versions used: in repair.json)
    python tests/oracle/make_repair.py       writes tests/oracle/repair.json

Neighbours are scikit-learn's NearestNeighbors by cosine on StandardScaler's features; held-out probabilities
its LogisticRegression on all other folds, soft labels as one row for each class with the label's share as its
weight. Confident learning is written here once more in NumPy from the paper's formulas (Northcutt, Jiang and
Chuang 2021, section 3): thresholds, the confident joint, and pruning by noise rate.
"""
import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).parent / "repair.json"
rng = numpy.random.default_rng(17)


def neighbours(x, w, k, weight):
    z = StandardScaler().fit_transform(x)
    found = NearestNeighbors(n_neighbors=k + 1, metric="cosine").fit(z).kneighbors(z, return_distance=False)
    out = []
    for i, row in enumerate(found):
        others = [j for j in row if j != i][:k]
        out.append((1 - weight) * w[i] + weight * w[others].mean(0))
    return numpy.array(out)


def held_out(x, w, fold, folds, c):
    n, k = w.shape
    p = numpy.zeros((n, k))
    for f in range(folds):
        inside = fold == f
        scale = StandardScaler().fit(x[~inside])
        rows = numpy.repeat(scale.transform(x[~inside]), k, 0)
        model = LogisticRegression(C=c, tol=1e-12, max_iter=100000)
        model.fit(rows, numpy.tile(numpy.arange(k), int((~inside).sum())), sample_weight=w[~inside].reshape(-1))
        p[inside] = model.predict_proba(scale.transform(x[inside]))
    return p


def confident(w, p):
    n, k = w.shape
    y = w.argmax(1)
    t = numpy.array([p[y == l, l].mean() for l in range(k)])
    above = numpy.where(p >= t, p, -1)
    counted = above.max(1) >= 0
    joint = numpy.zeros((k, k), int)
    numpy.add.at(joint, (y[counted], above.argmax(1)[counted]), 1)
    noise = joint / joint.sum(1, keepdims=True) * numpy.bincount(y, minlength=k)[:, None]
    keep = numpy.ones(n, bool)
    for j in range(k):
        named = numpy.flatnonzero(y == j)
        for l in range(k):
            count = int(numpy.floor(noise[j, l] + .5))
            if l != j and count:
                margin = p[named, l] - p[named, j]
                keep[named[numpy.argsort(-margin, kind="stable")[:count]]] = False
    return joint, keep


def case(n, c_features, k, folds, neighbours_of, weight, c):
    truth = rng.integers(0, k, n)
    x = rng.normal(size=(n, c_features)) * [1, 10, .1, 3, 1, 50][:c_features] + 5
    x[:, 0] += 2 * truth
    x[:, 1] -= 15 * (truth == 1)
    x = x.astype(numpy.float32).astype(float)
    named = numpy.where(rng.random(n) < .3, rng.integers(0, k, n), truth)
    w = numpy.full((n, k), .2 / k)
    w[numpy.arange(n), named] += .8
    questions = n * 3 // 4
    question = rng.permutation(numpy.concatenate([numpy.arange(questions), rng.integers(0, questions, n - questions)]))
    order = {}
    fold = numpy.array([order.setdefault(q, len(order)) % folds for q in question])
    p = held_out(x, w, fold, folds, c)
    joint, keep = confident(w, p)
    assert 0 < keep.sum() < n
    flat = lambda a: [float(v) for v in numpy.asarray(a, float).reshape(-1)]
    return {"n": n, "C": c_features, "K": k, "folds": folds, "k": neighbours_of, "weight": weight, "c": c,
            "x": flat(x), "w": flat(w), "question": flat(question), "fold": flat(fold),
            "smoothed": flat(neighbours(x, w, neighbours_of, weight)), "held_out": flat(p),
            "joint": flat(joint), "keep": flat(keep)}


OUT.write_text(json.dumps({"numpy": numpy.__version__, "sklearn": sklearn.__version__,
                           "cases": [case(60, 6, 2, 5, 7, .5, .1), case(80, 5, 3, 4, 3, 1.0, 1.0),
                                     case(50, 4, 4, 3, 10, .25, .01)]}, separators=(",", ":")) + "\n")
