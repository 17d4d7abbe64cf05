"""Random programs in the program form: loops, branches, stores, sums, exchanged arrays.

All numbers stay whole and small enough that additions are exact in any order, so results can be compared bit
for bit after passes that reorder sums.
"""

from __future__ import annotations

import operator as op
from random import Random
from typing import Any

import numpy as np
from numba import types as nt

from sourcead import primitives as p
from sourcead.ir import (
    Accum,
    Assign,
    Break,
    Call,
    Const,
    Expr,
    For,
    Function,
    If,
    Index,
    Move,
    Pop,
    Push,
    Return,
    Stmt,
    Var,
    While,
)

VECTOR, MATRIX = nt.Array(nt.float64, 1, "C"), nt.Array(nt.float64, 2, "C")
SCALARS = ("x", "y", "s", "t", "_t1", "_t2")
VECTORS = ("a", "b", "u", "v", "w")
MATRICES = ("m", "k")
F64 = Const(np.float64)


class Maker:
    """Grows one program; `loops` are the counters in scope."""

    def __init__(self, random: Random, stacks: bool = True):
        self.r = random
        self.types: dict[str, Any] = {
            **dict.fromkeys(SCALARS, nt.float64),
            **dict.fromkeys(VECTORS, VECTOR),
            **dict.fromkeys(MATRICES, MATRIX),
            "n": nt.int64,
        }
        self.stacks = stacks
        self.counter = 0
        self.loops: list[Var] = []

    def fresh(self, base: str, type_: Any) -> Var:
        self.counter += 1
        name = f"{base}{self.counter}"
        self.types[name] = type_
        return Var(name)

    def index(self) -> Expr:
        if self.loops and self.r.random() < 0.85:
            return self.r.choice(self.loops[-2:])
        return Const(self.r.choice((0, 1, -1)))

    def element(self) -> Index:
        if self.r.random() < 0.75:
            return Index(Var(self.r.choice(VECTORS)), (self.index(),))
        return Index(Var(self.r.choice(MATRICES)), (self.index(), self.index()))

    def scalar(self) -> Var:
        return Var(self.r.choice(SCALARS))

    def operand(self) -> Expr:
        return self.scalar() if self.r.random() < 0.85 else Const(float(self.r.choice((0, 1, 2, -1))))

    def value(self) -> Expr:
        k = self.r.random()
        if k < 0.3:
            return self.element()
        if k < 0.45:
            return self.operand()
        if k < 0.5:
            return Call(op.neg, (self.scalar(),))
        return Call(self.r.choice((op.add, op.sub, max, min)), (self.operand(), self.scalar()))

    def simple(self) -> list[Stmt]:
        k = self.r.random()
        if k < 0.4:
            return [Assign(None, self.scalar(), self.value())]
        if k < 0.62:
            return [Assign(None, self.element(), self.operand())]
        if k < 0.75:
            return [Accum(None, self.scalar(), self.operand())]
        if k < 0.9:
            return [Accum(None, self.element(), self.operand())]
        if k < 0.93:
            return [Move(None, (Var("x"), Var("y")), (Var("y"), self.operand()))]
        if k < 0.95:
            return self.chain()
        if k < 0.96:
            return [Move(None, (Var("u"), Var("v")), (Var("v"), Var("u")))]
        if k < 0.975:
            made = Call(np.zeros, (Call(p.pack, (Var("n"),)), F64))
            return [Assign(None, Var("w"), made)]
        return self.local()

    def chain(self) -> list[Stmt]:
        """What single-definition form makes of a sum: `s_1 = s + t; s = s_1`."""
        s = self.scalar()
        new, out = self.fresh(f"{s.name}_", nt.float64), self.fresh(f"{s.name}_", nt.float64)
        add = Assign(None, new, Call(self.r.choice((op.add, op.sub)), (s, self.operand())))
        if self.r.random() < 0.3:
            c = self.fresh("_t9", nt.boolean)
            test = Assign(None, c, self.flag())
            return [
                test,
                If(None, c, (add, Move(None, (out,), (new,))), (Move(None, (out,), (s,)),)),
                Move(None, (s,), (out,)),
            ]
        rest = [add, *(self.block(1, 1) if self.r.random() < 0.3 else []), Move(None, (s,), (new,))]
        return rest

    def summing(self) -> list[Stmt]:
        """A loop, perhaps of loops, that does little but add."""
        i = self.fresh("i", nt.int64)
        self.loops.append(i)
        body = [*self.chain(), *(self.chain() if self.r.random() < 0.5 else self.block(0, 1))]
        self.loops.pop()
        loop: Stmt = For(None, i, Const(0), Var("n"), Const(1), tuple(body))
        if self.r.random() < 0.4:
            loop = For(None, self.fresh("i", nt.int64), Const(0), Var("n"), Const(1), (loop, *self.chain()))
        out = Var(self.r.choice(SCALARS))
        return [loop, Assign(None, out, self.scalar())]

    def elementwise(self) -> list[Stmt]:
        """Loops over elements that share nothing but arrays: what may be fused, if those allow."""
        out: list[Stmt] = []
        for _ in range(self.r.randint(2, 3)):
            i = self.fresh("i", nt.int64)
            self.loops.append(i)
            body: list[Stmt] = []
            for _ in range(self.r.randint(1, 2)):
                t = self.fresh("_t9", nt.float64)
                place = self.element()
                write = Accum if self.r.random() < 0.4 else Assign
                body += [Assign(None, t, self.element()), write(None, place, t)]
            if self.r.random() < 0.2:
                body.append(Accum(None, self.scalar(), t))
            self.loops.pop()
            out.append(For(None, i, Const(0), Var("n"), Const(1), tuple(body)))
            if self.r.random() < 0.3:
                out += self.simple()
        return out

    def local(self) -> list[Stmt]:
        """An array for this place only, filled by a loop: what contraction is for."""
        a, i = self.fresh("tape", VECTOR), self.fresh("i", nt.int64)
        made = Assign(None, a, Call(self.r.choice((np.empty, np.zeros)), (Var("n"), F64)))
        zeros = isinstance(made.value, Call) and made.value.fn is np.zeros
        place = Index(a, (i,))
        fill: Stmt = (Accum if zeros else Assign)(None, place, self.scalar())
        use = Index(a, (self.r.choice((i, i, i, Const(0))),))
        j = self.fresh("j", nt.int64)
        again = Index(a, (j,))
        self.loops.append(i)
        body = (*self.block(0, 2), fill, *self.block(0, 1))
        if self.r.random() < 0.3 and use.index == (i,):
            body = (*body, Assign(None, self.scalar(), use))
        self.loops[-1] = j
        then = (*self.block(0, 1), Assign(None, self.scalar(), again), *self.block(0, 2))
        self.loops.pop()
        loops: list[Stmt] = [made, For(None, i, Const(0), Var("n"), Const(1), body)]
        loops += self.block(0, 2)
        if self.r.random() < 0.8:
            loops.append(For(None, j, Const(0), Var("n"), Const(1), then))
        return loops

    def loop(self) -> list[Stmt]:
        k = self.r.random()
        if k < 0.15:
            return self.while_loop()
        if k < 0.3:
            return self.summing()
        if k < 0.5:
            return self.elementwise()
        i = self.fresh("i", nt.int64) if self.r.random() < 0.6 else Var(f"i{len(self.loops)}")
        self.types[i.name] = nt.int64
        if i in self.loops:
            i = self.fresh("i", nt.int64)
        ranges = [(Const(0), Var("n"), Const(1))] * 6 + [
            (Const(1), Var("n"), Const(1)),
            (Const(2), Const(-1), Const(-1)),
            (Const(0), Const(1), Const(1)),
        ]
        self.loops.append(i)
        body = self.block(1, 4)
        if self.r.random() < 0.1:
            c = self.fresh("_t9", nt.boolean)
            body += [Assign(None, c, self.flag()), If(None, c, (*self.block(0, 1), Break(None)), ())]
        self.loops.pop()
        return [For(None, i, *self.r.choice(ranges), tuple(body))]

    def flag(self) -> Expr:
        return Call(op.lt, (self.scalar(), self.operand()))

    def while_loop(self) -> list[Stmt]:
        c, go = self.fresh("c", nt.int64), self.fresh("_t9", nt.boolean)
        body = (*self.block(1, 3), Accum(None, c, Const(1)))
        test = (Assign(None, go, Call(op.lt, (c, Const(2)))),)
        return [Assign(None, c, Const(0)), While(None, test, go, body)]

    def branch(self) -> list[Stmt]:
        c = self.fresh("_t9", nt.boolean)
        return [Assign(None, c, self.flag()), If(None, c, tuple(self.block(1, 2)), tuple(self.block(0, 2)))]

    def kept(self) -> list[Stmt]:
        """A vector kept on a stack while its name is used otherwise."""
        stack = self.fresh("stack", nt.ListType(VECTOR))
        new = Assign(None, Var("b"), Call(np.zeros, (Var("n"), F64)))
        return [Push(None, stack, Var("b")), new, *self.block(1, 2), Pop(None, Var("b"), stack)]

    def block(self, least: int, most: int) -> list[Stmt]:
        out: list[Stmt] = []
        for _ in range(self.r.randint(least, most)):
            k = self.r.random()
            if k < 0.22 and len(self.loops) < 2 and self.counter < 25:
                out += self.loop()
            elif k < 0.3 and self.counter < 25:
                out += self.branch()
            elif k < 0.32 and self.stacks and self.counter < 25:
                out += self.kept()
            else:
                out += self.simple()
        return out


def random_program(random: Random, stacks: bool = True) -> Function:
    m = Maker(random, stacks)
    head: list[Stmt] = [Assign(None, Var("n"), Call(p.shape, (Var("a"), Const(0))))]
    head += [Assign(None, Var(s), Const(float(k))) for k, s in enumerate(SCALARS)]
    head += [Assign(None, Var(v), Call(np.zeros, (Var("n"), F64))) for v in VECTORS[2:]]
    body: list[Stmt] = []
    for _ in range(random.randint(2, 5)):
        body += m.loop() if random.random() < 0.6 else m.local() if random.random() < 0.5 else m.block(1, 2)
    wanted = [n for n in (*SCALARS[:4], *VECTORS, *MATRICES) if random.random() < 0.45]
    end = Return(None, tuple(Var(n) for n in (wanted or ["x"])))
    return Function("program", ("a", "b", *MATRICES), (*head, *body, end), m.types, tuple_result=True)


def run(f: Function) -> list[np.ndarray]:
    """What the program gives as plain Python for fixed small arrays."""
    from sourcead.emit import to_function

    v = np.arange(1.0, 4.0)
    out = to_function(f)(v.copy(), -v, np.outer(v, v) - 3.0, np.outer(v, [1.0, -1.0, 2.0]))
    return [np.asarray(x, dtype=float) for x in out]
