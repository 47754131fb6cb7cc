"""Is a check fooled by a small change? ``python -m making.mutants`` (``make mutants``).

Changes the course's own version of every exercise by machine, one thing at a time (an operator, a number, a
comparison, a sign, an axis, a transpose, a term, a call, an index, a name, a statement left out or done twice,
the order of what is returned), and runs the check on each. A mutant that the check calls solved is a hole in the check, or computes the same: those that compute
the same are listed in ``EQUIVALENT``, with the reason. ``python -m making.mutants 04 10`` takes some lessons.
"""

import argparse
import ast
import copy
import inspect
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import pairwise

from tqdm import tqdm

from course_utils.exercises import all_exercises, check

# (exercise, the changed line): why it computes the same.
EQUIVALENT: dict[tuple[str, str], str] = {}
for reason, same in {
    "a node that was seen is not visited again": {
        "topological_order": ["twice: visit(root)", "twice: seen.add(node)", "twice: visit(child)"],
    },
    "what is done a second time has been done": {
        "cross_entropy_backward": ["twice: p /= p.sum(axis=1, keepdims=True)"],
        "masked_step": ["twice: theta[mask == 0] = before[mask == 0]"],
        "sandwich_step": ["twice: models.eval().requires_grad_(False)", "twice: optimizer.zero_grad()"],
        "structured_step": ["twice: new[part] = nearest(new[part].reshape(shape)).ravel()"],
        "two_loss_linear": ["twice: ctx.save_for_backward(x, W)"],
        "choose_and_report": ["twice: validation = np.asarray(validation)"],
    },
    "a network's backward writes its gradient anew": {
        "train": ["twice: net.backward(grad_logits)"],
        "front_gradient": ["twice: front.backward(grad_h)"],
        "through_surrogate": ["twice: front.backward(grad_h)"],
        "surrogate_step": ["twice: surrogate.backward(2 * difference / difference.size)"],
    },
    "the caller takes its step before the network runs again": {
        "through_surrogate": ["return (value, front.grad)", "return (value, front.grad.view())"],
    },
    "every rule gives one gradient for each input": {
        "backward": [
            "for child, grad in zip(node.inputs, grads):",
            "for child, grad in zip(node.inputs, grads, strict=False):",
        ],
    },
    "the two have the same number of rows, or the same shape": {
        "cross_entropy_backward": ["return p / len(logits)", "p[np.arange(len(logits)), y] -= 1"],
        "fit_linear": ["with_ones = np.column_stack([h, np.ones(len(answers))])"],
        "plane_slope": ["design = np.column_stack([nudges, np.ones(len(heights))])"],
        "corrected_guess": [
            "slope = (losses(h + sigma * direction) - losses(h - sigma * direction)) / (2 * sigma) / len(guess)"
        ],
        "membrane_backward": [
            "grad_current = np.zeros_like(spikes)",
            "for t in reversed(range(len(spikes))):",
        ],
        "choose_and_report": [
            "error = ahead.std(axis=1, ddof=1) / np.sqrt(test.shape[1])",
            "ahead = validation[np.argmax(validation.sum(axis=1))] - validation",
        ],
    },
    "every entry is written afterwards": {
        "numerical_gradient": ["grad = np.ones_like(theta)"],
        "membrane_backward": ["grad_current = np.ones_like(v)"],
    },
    "the lesson and every case say how large the nudge is": {
        "numerical_gradient": [
            f"def numerical_gradient(f, theta, eps={eps}):" for eps in ("2e-05", "1.00001", "-0.99999")
        ],
    },
    "only cls asks in layer 2 to save time, and a slice that is too long ends where the tokens do": {
        "transformer": [
            "if layer == 3:",
            "if layer == 4:",
            "x = x",
            "x = x + attention(normed, normed, weights, layer)",
            "x = x[:, :, :2]",
            "return einsum('mnd,md->mn', norm(x[:, :, -1]), weights['answer']) + weights['answer bias'][:, None]",
            "x = x + attention(normed[:, :, :x.shape[3]], normed, weights, layer)",
            "pass",
            "twice: x = x[:, :, :1]",
        ],
    },
    "backward still sees x and W from around it": {"two_loss_linear": ["pass"]},
    "the docstring promises arrays": {"choose_and_report": ["validation = validation", "pass"]},
    "truth values and lists are handed on as numbers": {
        "thawed": [
            "return [float(group >= groups - awake) for group in range(groups)]",
            "return np.array([group >= groups - awake for group in range(groups)])",
        ],
    },
    "the same number in another type": {
        "nudge_weights": ["best = np.argmin(apart) + 1"],
        "stop_band_share": [
            "return (shares.mean(), 2 * (leaked - shares * kernels) / energy / len(kernels))"
        ],
        "pca_loss": ["return (-np.sum(W * SW) / total, -2 * SW / total)"],
    },
    "a length or a square forgets the sign": {
        "nudge_weights": [
            "apart = [np.linalg.norm(a - b) if a.any() and b.any() else np.inf for a, b in pairwise(grads)]"
        ],
        "plane_slope": ["missed = design @ found - heights"],
        "two_loss_linear": ["centred = x.mean(dim=0) - x"],
        "frequency_response": ["waves = np.exp(+2j * np.pi * np.outer(np.arange(len(kernel)), frequencies))"],
    },
    "1 over a sign is the sign": {
        "one_direction": [
            "return (slope[:, None] / direction / len(h), 2 * len(h))",
            "slope = (losses(h + step / direction) - losses(h - step * direction)) / (2 * step)",
            "slope = (losses(h + step * direction) - losses(h - step / direction)) / (2 * step)",
        ],
        "retract": ["return Q / np.where(np.diagonal(R) < 0, -1.0, 1.0)"],
    },
    "nothing measured meets its limit to the last bit": {
        "project_kernels": ["V = Q[:, np.diagonal(Q.T @ S @ Q) < limit]"],
        "retract": ["return Q * np.where(np.diagonal(R) <= 0, -1.0, 1.0)"],
    },
    "of two beginnings of one name, the later in the alphabet is the longer": {
        "rates_and_mask": ["eta[part] = rates[max(fitting)]"],
    },
    "of two axes, 1 is the last": {
        "hard_choice": [
            "soft = (logits / temperature).softmax(dim=+1)",
            "hard = one_hot(logits.argmax(dim=-1), logits.shape[+1])",
            "hard = one_hot(logits.argmax(dim=+1), logits.shape[-1])",
        ],
    },
    "any design is right that reads well enough within the budget": {
        "design": [
            "return {'rates': {'stage': 0.06, 'filter': 0.06, 'body': 0.001, 'new': 0.02}, 'frozen': ['stage'], 'strength': 1.0, 'projection': True, 'gradient': 'surrogate'}",
            "return {'rates': {'stage': 0.12, 'filter': 0.06, 'body': 0.001, 'new': 0.02}, 'frozen': ['stage'], 'strength': 0.0, 'projection': True, 'gradient': 'surrogate'}",
            "return {'rates': {'stage': 0.06, 'filter': 0.12, 'body': 0.001, 'new': 0.02}, 'frozen': ['stage'], 'strength': 0.0, 'projection': True, 'gradient': 'surrogate'}",
            "return {'rates': {'stage': 0.06, 'filter': 0.06, 'body': 0.002, 'new': 0.02}, 'frozen': ['stage'], 'strength': 0.0, 'projection': True, 'gradient': 'surrogate'}",
            "return {'rates': {'stage': 0.06, 'filter': 0.06, 'body': 0.001, 'new': 0.04}, 'frozen': ['stage'], 'strength': 0.0, 'projection': True, 'gradient': 'surrogate'}",
        ],
    },
}.items():
    EQUIVALENT |= {(name, line): reason for name, lines in same.items() for line in lines}

SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
TURNED = {
    "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax", "sum": "mean", "mean": "sum",
    "copy": "view", "zeros_like": "ones_like", "ones_like": "zeros_like", "cos": "sin", "sin": "cos",
    "maximum": "minimum", "minimum": "maximum", "append": "remove",
}  # fmt: skip


def changes(tree: ast.Module) -> Iterator[ast.Module]:
    """Every tree that differs from ``tree`` by one change."""
    nodes = list(ast.walk(tree))
    parameters = [argument.arg for argument in tree.body[0].args.args]
    exchanges = [
        partial(_another_name, old=old, new=new) for old, new in pairwise([*parameters, *parameters[:1]])
    ]
    for place, node in enumerate(nodes):
        for change in (*CHANGES, *exchanges):
            if change(copy.deepcopy(node)):  # most do not apply, and a node is copied sooner than the tree
                mutant = copy.deepcopy(tree)
                change(list(ast.walk(mutant))[place])
                yield mutant
    for place, node in enumerate(nodes):
        for number in range(len(getattr(node, "body", []) if isinstance(node, ast.stmt) else [])):
            mutant = copy.deepcopy(tree)
            body = list(ast.walk(mutant))[place].body
            if not isinstance(body[number], (ast.Import, ast.ImportFrom)):  # its module has that already
                body[number] = ast.Pass()
                yield mutant
            if _counts_twice(node.body[number]):
                mutant = copy.deepcopy(tree)
                body = list(ast.walk(mutant))[place].body
                body.insert(number, copy.deepcopy(body[number]))
                yield mutant


def _counts_twice(statement: ast.stmt) -> bool:
    """Whether a second time may make a difference: a call, or a value made out of itself."""
    if isinstance(statement, ast.Assign):
        names = [
            {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
            for part in (statement.value, *statement.targets)
        ]
        return bool(names[0] & set().union(*names[1:]))
    return isinstance(statement, (ast.AugAssign, ast.Expr)) and not _is_docstring(statement)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _operator(node: ast.AST) -> bool:
    for field in ("op", "ops"):
        old = getattr(node, field, None)
        first = old[0] if isinstance(old, list) and old else old
        if type(first) in SWAPS:
            new = SWAPS[type(first)]()
            setattr(node, field, [new, *old[1:]] if isinstance(old, list) else new)
            return True
    return False


def _number(node: ast.AST, change: Callable[[float], float]) -> bool:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value = change(node.value)
        return True
    return False


def _becomes(node: ast.AST, other: ast.AST) -> bool:
    """Put ``other``, a part of ``node``, in its place."""
    node.__class__, fields = other.__class__, vars(other)
    vars(node).clear()
    vars(node).update(fields)
    return True


def _one_side(node: ast.AST, side: str) -> bool:
    return isinstance(node, ast.BinOp) and _becomes(node, getattr(node, side))


def _no_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and bool(node.args) and _becomes(node, node.args[0])


def _no_method(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and _becomes(node, node.func.value)
    )


def _no_index(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _becomes(node, node.value)


def _no_keyword(node: ast.AST, place: int) -> bool:
    if isinstance(node, ast.Call) and len(node.keywords) > place:
        del node.keywords[place]
        return True
    return False


def _turned_condition(node: ast.AST) -> bool:
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return True
    return False


def _another_name(node: ast.AST, old: str, new: str) -> bool:
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id == old != new:
        node.id = new
        return True
    return False


def _truth(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        node.value = not node.value
        return True
    return False


def _sign(node: ast.AST) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node.op = ast.UAdd()
        return True
    return False


def _name(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in TURNED:
        node.attr = TURNED[node.attr]
        return True
    return False


def _transpose(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        node.attr = "real"
        return True
    return False


def _returned(node: ast.AST) -> bool:
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        node.value.elts.reverse()
        return True
    return False


def _arguments(node: ast.AST) -> bool:
    if (
        isinstance(node, ast.Call)
        and len(node.args) == 2
        and ast.dump(node.args[0]) != ast.dump(node.args[1])
    ):
        node.args.reverse()
        return True
    return False


def _sides(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
        node.left, node.right = node.right, node.left
        return True
    return False


def _in_place(node: ast.AST) -> bool:
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        node.op = ast.Mult()
        return True
    return False


CHANGES: tuple[Callable[[ast.AST], bool], ...] = (
    _operator, _truth, _sign, _name, _transpose, _returned, _arguments, _sides, _in_place,
    partial(_number, change=lambda n: n + 1), partial(_number, change=lambda n: n - 1), partial(_number, change=lambda n: 2 * n),
    partial(_one_side, side="left"), partial(_one_side, side="right"), _no_call, _no_method, _no_index,
    partial(_no_keyword, place=0), partial(_no_keyword, place=1), _turned_condition,
)  # fmt: skip


def bare(name: str) -> ast.Module:
    """An exercise's own version, without docstring, decorators and annotations."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(all_exercises()[name].reference)))
    function = tree.body[0]
    function.decorator_list, function.returns = [], None
    for argument in function.args.args:
        argument.annotation = None
    function.body = [s for s in function.body if not _is_docstring(s)] or [ast.Pass()]
    return tree


def mutants(name: str) -> list[str]:
    """The source of every mutant of an exercise's own version."""
    tree = bare(name)
    found = dict.fromkeys(ast.unparse(ast.fix_missing_locations(mutant)) for mutant in changes(tree))
    found.pop(ast.unparse(tree), None)
    return list(found)


def survives(name: str, source: str) -> bool:
    """Whether the check calls this mutant solved."""
    world = dict(vars(inspect.getmodule(all_exercises()[name].reference)))
    exec(compile(source, f"<a mutant of {name}>", "exec"), world)
    return check(name, world[name]).status == "solved"


def changed_line(name: str, source: str) -> str:
    """The line of a mutant that the original does not have, or that it has once less."""
    original = Counter(line.strip() for line in ast.unparse(bare(name)).splitlines())
    new = list((Counter(line.strip() for line in source.splitlines()) - original).elements())
    if not new:
        return "(a statement left out)"
    return f"twice: {new[0]}" if new[0] in original else new[0]


def _survivors(name: str) -> tuple[str, int, list[str]]:
    everything = mutants(name)
    alive = [changed_line(name, m) for m in everything if survives(name, m)]
    return name, len(everything), alive


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="such as 04 10; all without any")
    chosen = parser.parse_args().lessons
    names = [name for name, e in all_exercises().items() if not chosen or e.lesson in chosen]
    tried, same, holes = 0, 0, []
    with ProcessPoolExecutor(2) as pool:
        for name, count, alive in tqdm(pool.map(_survivors, names), total=len(names), desc="mutants"):
            tried += count
            holes += [(name, line) for line in alive if (name, line) not in EQUIVALENT]
            same += sum((name, line) in EQUIVALENT for line in alive)
    for name, line in holes:
        print(f"{all_exercises()[name].number:<6}{name:<24}{line}")
    print(
        f"{tried} mutants of {len(names)} exercises: {tried - same - len(holes)} refused, {same} compute the same, {len(holes)} called solved"
    )
    sys.exit(bool(holes))


if __name__ == "__main__":
    main()
