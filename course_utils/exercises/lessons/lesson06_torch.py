"""Exercise 6.4: the groups of a PyTorch model, each with its rate."""

from collections.abc import Mapping
from typing import Any

from course_utils.exercises.bank import Case, Entry, WrongResult, describe


def observe_groups(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The groups by the names of their parameters, and the state in which each child was left."""
    model = arguments["model"]
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    if not isinstance(result, (list, tuple)) or not all(
        isinstance(group, dict) and {"params", "lr"} <= set(group) for group in result
    ):
        raise WrongResult(
            f'Return a list of dictionaries with "params" and "lr", as torch.optim takes it; yours returned {describe(result)}.'
        )
    said = []
    for group in result:
        if hasattr(group["params"], "parameters"):
            raise WrongResult(
                '"params" holds a module. The optimizer wants its parameters: list(child.parameters()).'
            )
        if not isinstance(group["params"], (list, tuple)):
            frozen = {
                id(parameter)
                for name, child in model.named_children()
                if not arguments["rates"][name]
                for parameter in child.parameters()
            }
            kept = any(id(p) in frozen for other in result for p in other["params"])
            raise WrongResult(
                'Make "params" a list: list(child.parameters()). parameters() itself can be gone through only once.'
                + (" And leave a frozen child out: one is still in your list." if kept else "")
            )
        if not isinstance(group["lr"], (int, float)):
            raise WrongResult(f'Make "lr" one number, rates[name]; yours is {describe(group["lr"])}.')
        if not all(hasattr(parameter, "requires_grad") for parameter in group["params"]):
            raise WrongResult(
                'Put only the parameters themselves into "params": list(child.parameters()), no names and no modules.'
            )
        said.append(
            f"{', '.join(names.get(id(p), 'a stranger') for p in group['params'])} at {group['lr']:g}"
        )
    left = [
        f"{name} {'trains' if child.training else 'is in eval mode'}"
        f" and {'wants' if all(p.requires_grad for p in child.parameters()) else 'wants no'} gradient"
        for name, child in model.named_children()
    ]
    return {"groups": "; ".join(said) + ".", "state": "; ".join(left) + "."}


def model_case(**rates: float) -> dict[str, Any]:
    import torch

    torch_nn = torch.nn
    children = {
        "first": torch_nn.Sequential(torch_nn.Linear(2, 3), torch_nn.BatchNorm1d(3), torch_nn.ReLU()),
        "middle": torch_nn.Sequential(torch_nn.Linear(3, 3), torch_nn.ReLU()),
        "last": torch_nn.Linear(3, 2),
    }
    model = torch_nn.Sequential()
    for name in children:  # in their own order, whatever that of the rates
        if name in rates:
            model.add_module(name, children[name])
    return dict(model=model, rates=rates)


PARAMETERS = Entry(
    "6.4",
    returns=("groups",),
    observe=observe_groups,
    may_change=("model",),
    checked="Each child that trains is one group with its rate; each frozen one is out, at rest and without gradient.",
    cases=(
        Case("two children, the first one frozen", lambda: model_case(middle=0, last=0.1)),
        Case("two children, both train", lambda: model_case(middle=0.01, last=0.1)),
        Case("three rates", lambda: model_case(first=0.001, middle=0.01, last=0.1)),
        Case("two rates equal", lambda: model_case(first=0.01, middle=0.01, last=0.1)),
        Case("the first one frozen", lambda: model_case(first=0, middle=0.01, last=0.1)),
        Case("rates in another order", lambda: model_case(last=0.1, first=0.001, middle=0.01)),
        Case("the last one frozen", lambda: model_case(first=0.01, middle=0.1, last=0)),
        Case("head only", lambda: model_case(first=0, middle=0, last=0.1)),
    ),
    hints=(
        "for name, child in model.named_children(): either it trains, then append its group, or it is frozen, then let it rest.",
        'groups.append({"params": list(child.parameters()), "lr": rates[name]}); frozen: child.requires_grad_(False); child.eval().',
    ),
)


@PARAMETERS.reference
def parameter_groups(model, rates):
    """The groups for a PyTorch optimizer. Frozen children are left out, and rest.

    model: a module whose children are the groups, in order (model.named_children()).
    rates: from the name of each child to its rate; 0 means that it is frozen.
    A frozen child rests: requires_grad_(False) and eval(). The others stay trainable and in train mode.
    Return a list of {"params": list of its parameters, "lr": its rate}, one for each child that trains, in order.
    """
    groups = []
    for name, child in model.named_children():
        if rates[name]:
            groups.append({"params": list(child.parameters()), "lr": rates[name]})
        else:
            child.requires_grad_(False)
            child.eval()
    return groups


@PARAMETERS.wrong(
    "A frozen group is in the optimizer with rate 0. Rate 0 alone stops neither its batch norm nor the computing of its gradients: leave it out, requires_grad_(False), eval()."
)
def frozen_with_rate_zero(model, rates):
    return [{"params": list(child.parameters()), "lr": rates[name]} for name, child in model.named_children()]


@PARAMETERS.wrong(
    "The frozen child is at rest as it should be, but still in your list, with rate 0: leave it out."
)
def frozen_at_rest_but_in_the_list(model, rates):
    parameter_groups(model, rates)
    return frozen_with_rate_zero(model, rates)


@PARAMETERS.wrong(
    "The frozen child is left in train mode, where batch norm follows the new data: call eval() on the child as a whole."
)
def frozen_left_in_train_mode(model, rates):
    groups = []
    for name, child in model.named_children():
        if rates[name]:
            groups.append({"params": list(child.parameters()), "lr": rates[name]})
        else:
            child.requires_grad_(False)
    return groups


@PARAMETERS.wrong(
    "The frozen child's gradients are still computed for nothing: child.requires_grad_(False). (child.requires_grad = False does not reach its parameters.)"
)
def frozen_still_wants_gradient(model, rates):
    groups = []
    for name, child in model.named_children():
        if rates[name]:
            groups.append({"params": list(child.parameters()), "lr": rates[name]})
        else:
            child.eval()
    return groups


@PARAMETERS.wrong(
    "The frozen child is left out of the optimizer, and no more: it needs requires_grad_(False) and eval() as well."
)
def frozen_only_left_out(model, rates):
    return [
        {"params": list(child.parameters()), "lr": rates[name]}
        for name, child in model.named_children()
        if rates[name]
    ]


@PARAMETERS.wrong("You make a group of every tensor. One group for each child: its layers share a rate.")
def one_group_for_each_tensor(model, rates):
    return [
        {"params": [parameter], "lr": group["lr"]}
        for group in parameter_groups(model, rates)
        for parameter in group["params"]
    ]


@PARAMETERS.wrong(
    "Children with the same rate share a group in yours: make one for each child, so that each rate can change later."
)
def same_rates_in_one_group(model, rates):
    by_rate = {}
    for group in parameter_groups(model, rates):
        by_rate.setdefault(group["lr"], []).extend(group["params"])
    return [{"params": params, "lr": rate} for rate, params in by_rate.items()]


@PARAMETERS.wrong(
    "Each of your groups holds the whole model: take child.parameters(), not model.parameters()."
)
def whole_model_in_each_group(model, rates):
    return [
        {"params": list(model.parameters()), "lr": group["lr"]} for group in parameter_groups(model, rates)
    ]


@PARAMETERS.wrong("Your groups come last to first. Keep the order of the children.")
def groups_in_reverse(model, rates):
    return parameter_groups(model, rates)[::-1]


@PARAMETERS.wrong(
    "The rates are at the wrong groups, in reverse: take rates[name] for the child of that name."
)
def rates_in_reverse(model, rates):
    groups = parameter_groups(model, rates)
    return [
        {"params": group["params"], "lr": other["lr"]}
        for group, other in zip(groups, groups[::-1], strict=True)
    ]


@PARAMETERS.wrong(
    "You take the first rate for the first child. Rates may come in any order: take rates[name] for the child of that name."
)
def rates_by_position(model, rates):
    return parameter_groups(model, dict(zip(dict(model.named_children()), rates.values(), strict=True)))


@PARAMETERS.wrong(
    "Some parameters are missing, biases or those of batch norm: take all of child.parameters()."
)
def biases_forgotten(model, rates):
    return [
        {"params": [p for p in group["params"] if p.ndim > 1], "lr": group["lr"]}
        for group in parameter_groups(model, rates)
    ]


@PARAMETERS.wrong(
    "Your groups come in the order of the rates. Go through model.named_children(): they are in the order of the layers."
)
def order_of_the_rates(model, rates):
    groups = parameter_groups(model, rates)
    by_name = {name: child for name, child in model.named_children() if rates[name]}
    return [
        next(group for group in groups if group["params"][0] is next(by_name[name].parameters()))
        for name in rates
        if name in by_name
    ]


@PARAMETERS.wrong("The whole model is in eval mode. Only the frozen children rest.")
def whole_model_in_eval_mode(model, rates):
    groups = parameter_groups(model, rates)
    model.eval()
    return groups


@PARAMETERS.right
def parameter_groups_in_two_loops(model, rates):
    for name, child in model.named_children():
        child.train(rates[name] > 0)
        for parameter in child.parameters():
            parameter.requires_grad = rates[name] > 0
    return [
        dict(lr=rates[name], params=[*child.parameters()])
        for name, child in model.named_children()
        if rates[name] > 0
    ]


@PARAMETERS.right
def parameter_groups_by_name(model, rates):
    groups = []
    for child in model.children():
        name = next(name for name in rates if getattr(model, name) is child)
        if rates[name] == 0:
            child.eval().requires_grad_(False)
            continue
        groups.append({"params": [p for _, p in child.named_parameters()], "lr": rates[name]})
    return groups
