"""The path of a function, one stage after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from numba import typeof
from numba.core import types

from .calls import known_calls, with_outcome
from .checks import argument_numbers, check_aux, check_result
from .custom import Ruled
from .custom.expand import rules_written_out
from .custom.programs import rule_program
from .emit import RESERVED
from .errors import SourceadError, Unsupported
from .forward import forward, pushforward
from .frontend import of_types, parse
from .infer import infer, is_array
from .ir import Call, Const, Function, Namer, Return, Var, bound, rename, variable_names, walk
from .lower import lower
from .nested import expanded
from .outcome import GRAD, NO_OUTPUTS, Mode, Outputs, seed_types, tangent_types, with_written
from .parallel import in_order, in_parallel, refuse_dependent
from .picks import picked
from .primitives import pack
from .reverse import reverse
from .reverse.chance import drawing_again, without_prints
from .routines import Pushforward, Routine, begin, called, retargeted
from .simplify import accumulators, fuse, polish, simplify
from .simplify.effects import draws
from .simplify.guards import guards
from .simplify.induction import induction
from .simplify.sink import sink
from .spelled import spelled_out
from .ssa import ssa
from .structure import Shape, leaf_types
from .symmetric import GradientCall, calling, gradient_call, pullback
from .unequal import contradicted

Stages = dict[str, Function]


def derivative_stages(
    pyfunc: Any,
    argtypes: tuple[types.Type, ...],
    argnums: int | tuple[int, ...],
    *,
    value: bool,
    has_aux: bool,
    given: tuple[Shape, ...] = (),
    again: str = "",
    parallel: bool = False,
    mode: Mode = GRAD,
    equal: bool = False,
) -> Stages:
    """Every stage by name, in order, from the user's function to the program that is emitted.

    `pyfunc` may be a derivative itself: its program is differentiated once more.  `given` tells of arguments that
    are lists, dicts or objects, and have the types of tuples; `again`: the program will be differentiated itself, by
    "reverse" or "forward" mode; `parallel`: `prange` loops run in parallel where they can; `mode`: of a seeded one, the
    first of the arguments are the seeds; `equal`: extents are taken to be equal, and the program may raise `Unequal`.
    """
    begin()
    k = int(mode.seeded)
    along = mode.kind == "jvp"
    out = primal_stages(pyfunc, argtypes[k:], given[k:], parallel, outputs=mode.outputs, along=along, equal=equal)
    f = list(out.values())[-1]
    single = isinstance(argnums, int)
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    wrt = tuple(f.called_with[j][1] for j in numbers)
    if along:
        if has_aux:
            check_aux(f.name, result_type(f))
        called = [f.called_with[j][0] for j in numbers]
        kinds = tangent_types(called, argtypes[0], [argtypes[1 + j] for j in numbers], single, mode.several)
        g = forward(f, wrt, kinds, single=single, has_aux=has_aux, several=mode.several, result=mode.result)
    else:
        seeds = None
        if mode.seeded:
            seeds = seed_types(f.name, argtypes[0], result_type(f), has_aux)
        else:
            check_result(f.name, result_type(f), has_aux)
        g = reverse(f, wrt, value=value, single=single, has_aux=has_aux, seeds=seeds, again=again == "reverse")
    out |= derived_stages(rules_written_out(g, primal_stages) if again else g, mode.direction)
    f = out["fuse"]
    if parallel:
        f = out["parallel"] = in_parallel(f)
    out["emit"] = with_routines(polish(f))
    return out


def derived_stages(f: Function, name: str = "reverse") -> Stages:
    """From what `reverse` or `forward` made to a fused program over scalars and atoms."""
    out = {name: f}
    f = out[f"{name} lowered"] = lower(f, adjoint=True)
    f = out[f"{name} simplified"] = simplify(f)
    out["fuse"] = simplify(fuse(f))
    return out


def with_routines(f: Function) -> Function:
    """The finished program together with those it calls, each under a name of its own."""
    programs: dict[Any, Function] = {}
    primals: dict[Routine, Function] = {}
    waiting = list(called(f.body))
    while waiting:
        r = waiting.pop()
        if r not in programs:
            g = programs[r] = routine_program(r, primals)
            waiting += called(g.body)
    if not programs:
        return f
    taken = Namer({n for g in (f, *programs.values()) for n in variable_names(g)} | RESERVED | {f.name})
    named = {r: replace(r, name=taken(r.title)) for r in reversed(programs)}
    constants = dict(f.constants)
    finished = []
    for r, g in reversed(programs.items()):
        renamed = {n: taken(n) for n, a in g.constants.items() if constants.get(n, a) is not a}
        constants |= {renamed.get(n, n): a for n, a in g.constants.items()}
        body = tuple(rename(s, renamed) for s in g.body)
        finished.append(replace(g, name=named[r].__name__, body=retargeted(body, named), constants={}))
    return replace(f, body=retargeted(f.body, named), constants=constants, routines=tuple(finished))


def routine_program(r: Any, primals: dict[Routine, Function]) -> Function:
    """The program of a function that calls itself, or of what is derived from it, ready to be emitted."""
    if isinstance(r.routine, Ruled):
        return rule_program(r)
    f = routine_fused(r, primals)
    if isinstance(r, Routine):
        return replace(polish(f), returns=result_type(f))
    return replace(polish(f), returns=f.returns)


def routine_fused(r: Any, primals: dict[Routine, Function], again: bool = False) -> Function:
    """The same, not polished yet; again: it is differentiated once more."""
    routine = r.routine
    if isinstance(routine, GradientCall):
        primals[routine] = routine.program
    if routine not in primals:
        primals[routine] = primal_stages(None, routine.argtypes, routine=routine)["primal fused"]
    f = primals[routine]
    if isinstance(r, Routine):
        return replace(f, returns=result_type(f))
    if isinstance(r, Pushforward):
        f = pushforward(routine_fused(r.of, primals, again=True), r)
        return replace(derived_stages(f, "forward")["fuse"], returns=f.returns)
    if isinstance(routine, GradientCall):
        inner = list(primal_stages(routine.derivative.pyfunc, routine.arguments).values())[-1]
        f = pullback(r, inner, lambda g: derived_stages(rules_written_out(g, primal_stages)))
        return replace(derived_stages(f, "forward")["fuse"], returns=f.returns)
    generator = f.params[-1]
    wrt = sorted((f.params[k] for k in r.wrt), key=lambda n: is_array(f.types[n]))
    kinds = leaf_types(result_type(f))
    seeds = tuple(t if k in r.results else None for k, t in enumerate(kinds))
    f = reverse(without_prints(f), tuple(wrt), value=False, single=False, seeds=seeds, in_place=True)
    arrays = f.params[: r.arrays]
    returns = types.Tuple([f.types[n] for n in (*(n for n in wrt if not is_array(f.types[n])), *arrays)])
    f = rules_written_out(f, primal_stages) if again else f
    f = replace(derived_stages(f)["fuse"], returns=returns)
    return drawing_again(f, generator) if routine.draws else f


def primal_stages(
    pyfunc: Any,
    argtypes: tuple[types.Type, ...],
    given: tuple[Shape, ...] = (),
    parallel: bool = False,
    routine: Routine | None = None,
    outputs: Outputs = NO_OUTPUTS,
    along: bool = False,
    equal: bool = False,
) -> Stages:
    """From source to a simplified program over scalars and atoms.

    routine: the function is one that stays a call; its program returns what it writes into its arguments too;
    outputs: so does this one, for these arguments; along: it is forward mode that goes on with it.
    """
    out: Stages = {}
    if hasattr(pyfunc, "pyfunc") and hasattr(pyfunc, "argnums"):  # a derivative, differentiated again
        inner = derivative_stages(
            pyfunc.pyfunc,
            argtypes,
            pyfunc.argnums[0] if pyfunc.single else pyfunc.argnums,
            value=pyfunc.value,
            has_aux=pyfunc.has_aux,
            given=given,
            again="forward" if along else "reverse",
            parallel=parallel,
            mode=pyfunc.mode,
            equal=equal,
        )
        f = out["derivative"] = replace(inner["fuse"], body=inner["fuse"].body)
        if along:  # which takes the program as it is
            return out
        if (whole := gradient_call(pyfunc, argtypes, f)) is not None:
            f = calling(whole, f, leaf_types(result_type(f)))
        f = out["ssa"] = ssa(f)
    else:
        if routine is not None:
            f = routine.parsed
        else:
            f = parse(pyfunc, of_types(argtypes, given), nothing=bool(outputs.argnums))
        f = out["parse"] = f if parallel else in_order(f)
        f = out["ssa"] = ssa(f)
        f = out["infer"] = infer(f, tuple(leaf for t in argtypes for leaf in leaf_types(t)))
        if (more := picked(f)) is not f:
            f = out["picked"] = more
        if (more := spelled_out(f)) is not f:
            f = out["spelled"] = more
        f = known_calls(f)
        if routine is not None:
            f = with_outcome(f, routine)
        f = with_written(f, outputs)
        equal = equal and not once_only(f)
        f = out["lower"] = lower(f, apart=routine is not None, equal=equal)
        if (more := expanded(f, partial(derivative_stages, equal=equal))) is not f:
            f = out["gradients inlined"] = accumulators(ssa(more))
            if equal and once_only(f):
                return primal_stages(pyfunc, argtypes, given, parallel, routine, outputs, along)
    f = out["simplify"] = simplify(sink(guards(induction(simplify(f)))))
    if equal and contradicted(f):
        return primal_stages(pyfunc, argtypes, given, parallel, routine, outputs, along)
    if "parse" in out:  # what the user wrote
        refuse_dependent(f)
    out["primal fused"] = simplify(sink(defined_once(f, fuse(f))))
    return out


def once_only(f: Function) -> bool:
    """May the program not be run again, should it find out that its extents are not equal? It draws, or may print."""
    return any(map(draws, walk(f.body))) or bool(set(called(f.body)))


def defined_once(f: Function, fused: Function) -> Function:
    """Scalars in the place of array elements that are stored or added to more than once, with one definition a name."""
    scalars = {n for n, t in fused.types.items() if is_array(f.types.get(n)) and not is_array(t)}
    times = Counter(n for s in walk(fused.body) for n in bound(s) if n in scalars)
    return accumulators(ssa(fused)) if any(k > 1 for k in times.values()) else fused


def result_type(f: Function) -> types.Type:
    """The type of what the program returns."""
    returned = f.body[-1]
    assert isinstance(returned, Return)

    def type_of(e: Any) -> types.Type:
        match e:
            case Var(n) if n not in f.types:  # nothing gives it a value
                raise Unsupported(f"`{f.name}` always raises", returned.loc, "leave a way through it to a result")
            case Var(n):
                return f.types[n]
            case Const(v):
                return types.unliteral(typeof(v))
            case Call(fn, args) if fn is not pack:  # a conversion
                return getattr(types, fn.__name__)
            case Call(_, args):
                return types.Tuple([type_of(a) for a in args])
        raise TypeError(e)

    found = [type_of(v) for v in returned.values]
    return types.Tuple(found) if f.tuple_result or len(found) > 1 else found[0]


__all__ = ["Callable", "SourceadError", "argument_numbers", "derivative_stages", "primal_stages"]
