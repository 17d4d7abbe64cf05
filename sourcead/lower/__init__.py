"""Array code to loops over scalars, allocations and atoms.

Statement after statement; an array expression is kept as a symbolic value (`values`) until a statement needs
its elements, and then becomes one loop nest. `storage` decides beforehand which names are one array.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numba.core import types

from .. import primitives as p
from ..errors import Findings
from ..infer import real_of
from ..ir import Assign, Call, Const, Function, If, Namer, Raise, Stmt, Var, names, reads, rename, walk
from . import (  # noqa: F401  (they register handlers)
    complexes,
    creation,
    draws,
    fourier,
    gather,
    linalg,
    ordering,
    products,
    queries,
    rearrange,
    reductions,
    views,
)
from .build import Builder, Varying
from .joins import Forms
from .statements import block
from .storage import Storage, analyse, changed, settle, stores
from .updates import updates

__all__ = ["lower"]


def lower(f: Function, adjoint: bool = False, apart: bool = False, equal: bool = False) -> Function:
    """The program with loops in place of array expressions.

    With `apart`, no two arguments share memory. With `equal`, extents that are known only at run time are not
    broadcast: where they must be equal or one of them 1, they are taken to be equal, and the program raises `Unequal`
    if they are not. With `adjoint`, the program is the output of reverse mode: names are bound again and again, shapes
    are known to agree, and only the array-valued adjoints of atoms are lowered.
    """
    findings = Findings()
    if adjoint:
        return finished(f, run(f, Storage(f), True, set(), findings))
    f = updates(f)
    storage = analyse(f)
    f = copied_parameters(f, storage, findings, apart)
    storage = analyse(f)
    settle(storage, Findings())
    while storage.candidates:
        storage = analyse(f, storage.choices | storage.candidates)
        settle(storage, Findings())
    settle(storage, findings)
    findings.check()
    varying: set[str] = set()
    forms: dict[str, Forms] = {}
    while True:
        try:
            b = run(f, storage, False, varying, findings, forms, equal)
            if not any(x.grown() for x in forms.values()):
                break
        except Varying as v:  # thought to keep its extents, but does not
            varying.add(v.args[0])
        findings = Findings()
    findings.check()
    f = finished(f, b)
    complexes.check(f, findings)
    findings.check()
    return f


def run(
    f: Function,
    storage: Storage,
    adjoint: bool,
    varying: set[str],
    findings: Findings,
    forms: dict[str, Forms] | None = None,
    equal: bool = False,
) -> Builder:
    b = Builder(f, adjoint, varying, equal)
    b.storage, b.findings, b.forms = storage, findings, forms
    b.stored = {m for s in walk(f.body) for a in stores(s, storage) for m in storage.memories(a)}
    with b.collect() as body:
        block(b, f.body)
    b.out = body
    return b


def finished(f: Function, b: Builder) -> Function:
    used = reads(*b.out)
    entry = [s for s in b.entry if isinstance(s, Assign) and isinstance(s.target, Var) and s.target.name in used]
    body = (*entry, *b.out)
    g = replace(f, body=body)
    present = names(g)
    return replace(g, types={n: t for n, t in b.types.items() if n in present})


def copied_parameters(f: Function, storage: Storage, findings: Findings, apart: bool) -> Function:
    """Parameters that the function writes are copied on entry: the caller's arrays stay as they are."""
    written = changed(storage)
    for n in sorted(written & set(f.constants)):
        loc = next((s.loc for s in walk(f.body) if n in reads(s)), None)
        findings.add(loc, f"the global array `{n}` is changed", "pass it as an argument, or change a copy")
    written &= set(f.params)
    if not written:
        return f
    namer, new = Namer(names(f)), {}
    types_ = dict(f.types)
    head: list[Stmt] = []
    for n in (n for n in f.params if n in written):
        others = [m for m in f.params if m != n and same_kind(types_.get(m), types_[n])]
        for m in () if apart else others:
            if not (m in written and f.params.index(m) < f.params.index(n)):
                head += overlap_check(namer, types_, n, m)
        new[n] = namer(n)
        t = types_[n]
        types_[new[n]] = types.Array(t.dtype, t.ndim, "C")
    body = tuple(rename(s, new) for s in f.body)
    head += [Assign(None, Var(new[n]), Call(np.copy, (Var(n),))) for n in new]
    return replace(f, body=(*head, *body), types=types_)


def same_kind(a: object, b: types.Array) -> bool:
    """May arrays of these types be one memory? Real arrays may be parts of complex ones."""
    return isinstance(a, types.Array) and real_of(a.dtype) == real_of(b.dtype)


def overlap_check(namer: Namer, types_: dict[str, object], x: str, y: str) -> list[Stmt]:
    name = namer.temp()
    types_[name] = types.boolean
    message = Const(f"arguments {x} and {y} overlap in memory, and the function changes {x}")
    return [
        Assign(None, Var(name), Call(p.overlapping, (Var(x), Var(y)))),
        If(None, Var(name), (Raise(None, p.Overlap, (message,)),)),
    ]
