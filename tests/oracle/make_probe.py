"""make_probe.py - fixtures of tests/oracle/lab_probe.c: logistic regressions by other programs, in f64.

    pip install scikit-learn scipy numpy     (versions used: in probe.json)
    python tests/oracle/make_probe.py        writes tests/oracle/probe.json

Classes are scikit-learn's LogisticRegression on StandardScaler's features, soft labels as one row for each
class with the label's share as its weight. Two texts are a regression without intercept on the difference
of their features; a choice among three, which scikit-learn has not, is minimised by SciPy. The c of a grid
is chosen by the log loss on held-out questions, the folds as probe.h says.
"""
import json
import pathlib

import numpy
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

OUT = pathlib.Path(__file__).parent / "probe.json"
N, C, NEW = 40, 6, 5
rng = numpy.random.default_rng(11)


def weighted(x, y):
    """Every row once for each class, weighted by the share of the label."""
    k = y.shape[1]
    return numpy.repeat(x, k, 0), numpy.tile(numpy.arange(k), len(x)), y.reshape(-1)


def classes(x, y, c):
    rows, label, weight = weighted(x, y)
    fit = LogisticRegression(C=c, tol=1e-12, max_iter=100000).fit(rows, label, sample_weight=weight)
    return lambda z: fit.predict_proba(z), fit.coef_, fit.intercept_


def softmax(z):
    p = numpy.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def choices(x, y, c):
    """x [n, texts, C]; w alone."""
    if x.shape[1] == 2:
        rows, label, weight = weighted(x[:, 1] - x[:, 0], y)
        fit = LogisticRegression(C=c, tol=1e-12, max_iter=100000, fit_intercept=False).fit(
            rows, label, sample_weight=weight)
        w = fit.coef_[0]
    else:
        def objective(w):
            p = softmax(x @ w)
            r = p - y
            return w @ w / 2 - c * (y * numpy.log(p)).sum(), w + c * numpy.einsum("ik,ikc->c", r, x)
        w = minimize(objective, numpy.zeros(C), jac=True, method="BFGS", options={"gtol": 1e-11}).x
    return lambda z: softmax(z @ w), w[None], numpy.zeros(0)


def case(name, per, k, grid, soft):
    hidden = rng.normal(size=(C, k if per == 1 else 1))
    x = rng.normal(size=(N + NEW, per, C)) * rng.uniform(.2, 3, C) + rng.normal(size=C)
    x[:, :, 3] = .7  # says nothing
    x = x.astype(numpy.float32).astype(float)
    z = (x @ hidden)[:, :, 0] if per > 1 else x[:, 0] @ hidden
    z = z + rng.normal(size=z.shape) * 2
    y = softmax(z) if soft else numpy.eye(k)[z.argmax(1)]
    question = rng.integers(0, 17, N)
    scaler = StandardScaler().fit(x[:N].reshape(-1, C))
    s = scaler.transform(x.reshape(-1, C)).reshape(x.shape)
    fit = choices if per > 1 else lambda a, b, c: classes(a[:, 0], b, c)
    see = (lambda f, a: f(a)) if per > 1 else (lambda f, a: f(a[:, 0]))
    order = list(dict.fromkeys(question.tolist()))
    fold = numpy.array([order.index(q) % 4 for q in question])
    held = []
    for c in grid if len(grid) > 1 else []:
        loss = 0
        for k_fold in range(4):
            f = fit(s[:N][fold != k_fold], y[:N][fold != k_fold], c)[0]
            p = see(f, s[:N][fold == k_fold])
            loss -= (y[:N][fold == k_fold] * numpy.log(p)).sum()
        held.append(loss / N)
    c = grid[int(numpy.argmin(held))] if held else grid[0]
    f, w, b = fit(s[:N], y[:N], c)
    loss = -(y[:N] * numpy.log(see(f, s[:N]))).sum() / N
    return {"name": name, "n": N, "new": NEW, "per": per, "C": C, "K": k, "grid": grid, "folds": 4,
            "x": x.reshape(-1).tolist(), "y": y[:N].reshape(-1).tolist(), "question": question.tolist(),
            "c": c, "held_out": held, "w": w.reshape(-1).tolist(), "b": numpy.asarray(b).reshape(-1).tolist(),
            "loss": loss, "probs": see(f, s[N:]).reshape(-1).tolist()}


cases = [case("two classes", 1, 2, [0.3], False),
         case("two classes, soft labels, a grid", 1, 2, [.001, .01, .1, 1, 10], True),
         case("three classes, a grid", 1, 3, [0.01, 0.1, 1, 10], False),
         case("three classes, soft labels", 1, 3, [0.5], True),
         case("two texts, a grid", 2, 2, [0.001, 0.01, 0.1, 1], False), case("two texts, soft labels", 2, 2, [2], True),
         case("three texts", 3, 3, [0.7], False)]
versions = {m.__name__: m.__version__ for m in (numpy, scipy, sklearn)}
OUT.write_text(json.dumps({"made_with": versions, "cases": cases}, separators=(",", ":")) + "\n")
for one in cases:
    print(one["name"], "c", one["c"], "held out", [round(h, 4) for h in one["held_out"]])
