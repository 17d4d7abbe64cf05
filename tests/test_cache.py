"""The on-disk cache: the second process loads, changes are seen, damage costs time only."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from numba import types

from sourcead import cache, grad
from sourcead.api import Gradient

PROGRAM = """
import json, os, sys, time
import numpy as np, numba
from sourcead import value_and_grad
from helpers import activation, TABLE

RATE = 0.5

def make(c):
    def loss(w, x):
        s = 0.0
        for i in range(len(x)):
            s += activation(w * x[i]) * TABLE[i % 2]
        return c * s * RATE
    return value_and_grad(loss, jit="PLAIN" not in os.environ)

g = make(2.0)
t = time.perf_counter()
value, slope = g(0.5, np.array([1.0, 2.0, 3.0]))
out = dict(value=value, slope=slope, seconds=time.perf_counter() - t,
           compiled="sourcead.pipeline" in sys.modules, file=list(g.specialisations.values())[0].filename)
print(json.dumps(out))
"""
HELPERS = """
import numpy as np
from numba import njit
TABLE = np.array([1.0, 2.0])
@njit
def activation(x):
    return x * x
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Runs the program in a process of its own."""
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "helpers.py").write_text(HELPERS)
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(tmp_path)]))

    def run():
        done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def edit(file, old, new):
        path = tmp_path / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    run.edit, run.folder = edit, tmp_path / "cache"
    return run


def expected(c=2.0, rate=0.5, table=(1.0, 2.0), power=2):
    w, x = 0.5, (1.0, 2.0, 3.0)
    value = c * rate * sum((w * v) ** power * table[i % 2] for i, v in enumerate(x))
    return pytest.approx(value), pytest.approx(power * value / w)


def test_second_process_loads_and_changes_are_seen(program, monkeypatch):
    first = program()
    assert (first["value"], first["slope"]) == expected()
    assert first["compiled"]
    second = program()
    assert (second["value"], second["slope"]) == expected()
    assert not second["compiled"]
    assert second["seconds"] < 0.5 * first["seconds"]
    assert second["file"] == first["file"]
    assert os.path.dirname(second["file"]) == str(program.folder)

    monkeypatch.setenv("PLAIN", "1")  # the emitted text is cached alike, and Numba's time is saved
    for file, old, new, changed in [
        ("program.py", "make(2.0)", "make(3.0)", {"c": 3.0}),
        ("program.py", "RATE = 0.5", "RATE = 0.25", {"rate": 0.25}),
        ("helpers.py", "[1.0, 2.0]", "[1.0, 4.0]", {"table": (1.0, 4.0)}),
        ("helpers.py", "x * x", "x * x * x", {"power": 3}),
    ]:
        program.edit(file, old, new)
        out = program()
        assert (out["value"], out["slope"]) == expected(**changed)
        assert out["compiled"]
        program.edit(file, new, old)
    assert not program()["compiled"]
    assert not list(program.folder.glob(".*"))


def test_damage_costs_time_only(program):
    program()
    (entry,) = program.folder.glob("*.bin")
    (text,) = program.folder.glob("*.py")
    good, source = entry.read_bytes(), text.read_text()
    for bad in (good[: len(good) // 2], good[:-100] + bytes(100)):
        entry.write_bytes(bad)
        text.write_text("raise SystemExit")
        out = program()
        assert (out["value"], out["slope"]) == expected()
        assert text.read_text() == source
        assert cache._MAGIC in entry.read_bytes()
    assert not program()["compiled"]


def test_directory_that_cannot_be_written(program, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path / "file"))
    out = program()
    assert (out["value"], out["slope"]) == expected()
    assert out["file"].startswith("<sourcead")


def test_switched_off(program, monkeypatch):
    monkeypatch.setenv("SOURCEAD_CACHE", "0")
    assert program()["compiled"]
    assert not program.folder.exists()


def test_two_processes_at_once(program, tmp_path):
    both = [
        subprocess.Popen([sys.executable, "program.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in "ab"
    ]
    for p in both:
        out = json.loads(p.communicate()[0])
        assert (out["value"], out["slope"]) == expected()
    assert not program()["compiled"]


# ---- keys -----------------------------------------------------------------------------------


def request(f, *argtypes, **how):
    return replace(Gradient(f, 0, False, False, {}, True)._request(argtypes), **how)


def test_key_covers_what_the_code_depends_on():
    def f(x, y=1.0):
        return x * y

    def g(x, y=1.0):
        return x * y * y

    pair = types.float64, types.float64
    requests = [
        request(f, *pair),
        request(g, *pair),
        request(f, types.float64, types.float32),
        request(f, types.float64, types.Omitted(1.0)),
        request(f, types.float64, types.Omitted(2.0)),
        request(f, *pair, argnums=(1,)),
        request(f, *pair, single=False),
        request(f, *pair, value=True),
        request(f, *pair, has_aux=True),
        request(f, *pair, options=(("fastmath", True),)),
        request(grad(f), *pair),
        request(grad(f, 1), *pair),
    ]
    keys = [cache.key(r) for r in requests]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert cache.key(requests[0]) == keys[0]


def test_types_that_mean_something_in_this_process_only_are_not_keyed():
    def f(x, g):
        return g(x)

    assert cache.key(request(f, *[types.float64] * 2, argtypes=(types.float64, types.Dispatcher(grad(f))))) is None


def test_uncached_gradients_leave_the_disk_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path / "cache"))
    c = 11.25
    g = grad(lambda x: c * x, cache=False)
    assert g(1.0) == 11.25
    assert not (tmp_path / "cache").exists()


def test_linecache_has_what_is_not_on_disk(monkeypatch):
    monkeypatch.setenv("SOURCEAD_CACHE", "0")
    import inspect

    c = 12.25
    g = grad(lambda x: c * x)
    g(1.0)
    (spec,) = g.specialisations.values()
    assert inspect.getsource(spec.function) == spec.source


def test_directories(monkeypatch, tmp_path):
    monkeypatch.setenv("SOURCEAD_CACHE_DIR", str(tmp_path))
    assert cache.directory() == tmp_path
    monkeypatch.setenv("SOURCEAD_CACHE", "0")
    assert cache.directory() is None
    monkeypatch.delenv("SOURCEAD_CACHE")
    monkeypatch.delenv("SOURCEAD_CACHE_DIR")
    assert cache.directory().name == "sourcead"


LIST = [1.0]


def test_functions_that_reach_unknown_objects_have_no_fingerprint():
    def f(x):
        return LIST[0] * x

    assert cache.fingerprint(f) is None
    assert cache.key(request(f, types.float64)) is None
