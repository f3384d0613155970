#!/usr/bin/env python3
"""Values of numpy and scipy that our statistics must agree with; writes values.json beside this file.

Needs numpy and scipy (made with numpy 2.4.6, scipy 1.17.1). Samples are seeded, and stand in the file, so the test
needs neither.
"""
import json
import pathlib

import numpy as np
from scipy import signal, spatial, stats

rng = np.random.default_rng(20260708)
samples = {
    "normal": np.round(rng.normal(10, 2, 101), 3),
    "heavy": np.round(rng.standard_t(2, 60), 3),
    "tied": rng.integers(0, 6, 50).astype(float),
    "trend": np.round(np.arange(40) * 0.1 + rng.normal(0, 1, 40), 3),
    "two": np.array([1.5, 4.0]),
}
out = {"samples": {name: list(x) for name, x in samples.items()}, "single": {}, "pairs": []}
for name, x in samples.items():
    t = np.arange(len(x)) / 60.0
    values = {
        "mean": np.mean(x),
        "median": np.median(x),
        "stddev": np.std(x, ddof=1),
        "mad": 1.4826 * np.median(np.abs(x - np.median(x))),
        "outliers": int(np.sum(np.abs(x - np.median(x)) > 3 * 1.4826 * np.median(np.abs(x - np.median(x))))),
        "kurtosis": stats.kurtosis(x),
    }
    if len(x) >= 3:
        values["theil_sen"] = stats.theilslopes(x, t).slope
        values["least_squares"] = stats.linregress(t, x).slope
    if len(x) >= 4:
        n = len(x)
        s = sum(np.sign(x[j] - x[i]) for i in range(n) for j in range(i + 1, n))
        ties = np.unique(x, return_counts=True)[1]
        term = lambda k: k * (k - 1) * (2 * k + 5)
        variance = (term(n) - sum(term(k) for k in ties)) / 18
        values["mann_kendall"] = (s - np.sign(s)) / np.sqrt(variance)
        # Kendall's tau with time has the same sign and, asymptotically, the same chance.
        assert np.sign(stats.kendalltau(t, x).statistic) == np.sign(s)
    out["single"][name] = {key: float(value) for key, value in values.items()}
for a, b in [("normal", "heavy"), ("tied", "trend"), ("heavy", "heavy"), ("normal", "normal")]:
    x, y = samples[a], samples[b]
    d = stats.ks_2samp(x, y).statistic
    out["pairs"].append({
        "a": a, "b": b, "ks": float(d),
        "chance": float(stats.kstwobign.sf(d * np.sqrt(len(x) * len(y) / (len(x) + len(y))))),
    })
x, y = samples["tied"], samples["normal"][:50]
pairs = np.column_stack([x, y])
inverse = np.linalg.inv(np.cov(pairs.T))
out["mahalanobis"] = {"point": [7.0, 5.0], "distance": float(spatial.distance.mahalanobis([7.0, 5.0], pairs.mean(0), inverse))}
out["correlation"] = float(np.corrcoef(x, y)[0, 1])
out["skellam"] = [
    {"stock": k, "out": a, "back": b, "chance": float(stats.skellam.sf(k - 1, a, b))}
    for k, a, b in [(4, 3.0, 1.0), (1, 0.5, 2.0), (20, 12.0, 3.5), (0, 1.0, 1.0), (60, 80.0, 30.0)]
]
out["gumbel"] = [
    {"location": m, "scale": s, "value": v, "years": float(1 / stats.gumbel_r.sf(v, m, s))}
    for m, s, v in [(51.4, 10.6, 90.0), (0.0, 1.0, 0.0), (30.0, 8.0, 95.0)]
]
wave = np.sin(2 * np.pi * 0.07 * np.arange(200)) + 0.1 * rng.normal(size=200)
out["wave"] = [float(v) for v in np.round(wave, 4)]
out["bandpassed"] = [
    float(v)
    for v in signal.sosfilt(signal.iirfilter(4, [1.0, 10.0], btype="band", ftype="butter", fs=100.0, output="sos"), np.round(wave, 4))
]
pathlib.Path(__file__).with_name("values.json").write_text(json.dumps(out) + "\n")
