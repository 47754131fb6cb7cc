"""Exercise 12.5: two losses in PyTorch."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.engine.structure import pca_loss
from course_utils.exercises.bank import Case, Entry, WrongResult, describe, numbers


def observe_two_losses(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """h, both gradients for an uneven upstream, and whether something was left behind on W."""
    import torch

    x, W = arguments["x"], arguments["W"]
    if not isinstance(result, torch.Tensor):
        raise WrongResult(
            f"Return h as a tensor, so that gradient can flow; yours returned {describe(result)}."
        )
    left = []
    if W._backward_hooks:
        left.append("a hook stays on W")
    if W.grad is not None:
        left.append("W.grad was written in the forward")
    grads = [torch.zeros_like(x), torch.zeros_like(W)]
    if result.requires_grad:
        upstream = torch.linspace(-1, 2, result.numel(), dtype=result.dtype).view(result.shape)
        try:
            flowing = torch.autograd.grad(result, [x, W], upstream, allow_unused=True)
        except RuntimeError as error:
            wrong = re.search(r"invalid gradient at index (\d) - got (\[.*?\]).*with (\[.*?\])", str(error))
            if wrong is None:
                raise
            raise WrongResult(
                f"For argument {wrong[1]} of forward, counted from 0, backward returns a gradient of shape "
                f"{wrong[2]}; it has to be that of the argument, {wrong[3]}."
            ) from None
        grads = [zero if grad is None else grad for zero, grad in zip(grads, flowing, strict=True)]
    return {
        "h": result.detach(),
        "grad_x": grads[0],
        "grad_W": grads[1],
        "left behind": ", ".join(left) or "nothing",
    }


def pull_of(x, W):
    centred = (x - x.mean(dim=0)).detach()
    return -2 * centred.T @ (centred @ W.detach()) / centred.square().sum()


def hooked(x, W, change):
    """xW through a copy of W whose gradient is changed."""
    copy = W.clone()
    copy.register_hook(change)
    return x @ copy


def own_loss_flows_on(x, W, alpha, whole):
    """alpha times the derivative of the PCA loss reaches x as well; ``whole``: that of tr S too."""
    one = x.clone()
    centred = (x - x.mean(dim=0)).detach()
    kept, total = (centred @ W.detach()).square().sum(), centred.square().sum()
    flow = -2 * (centred @ W.detach() @ W.detach().T - whole * kept / total * centred) / total
    one.register_hook(lambda grad: grad + alpha * flow)
    return hooked(one, W, lambda grad: (1 - alpha) * grad + alpha * pull_of(x, W))


def torch_case(n: int, d: int, k: int, alpha: float, seed: int) -> dict[str, Any]:
    import torch

    made = numbers(seed, x=(n, d), W=(d, k))
    made["x"] += np.linspace(0.5, 2, d)  # a mean that is not 0
    return {
        "x": torch.tensor(made["x"], requires_grad=True),
        "W": torch.tensor(made["W"], requires_grad=True),
        "alpha": alpha,
    }


TORCH = Entry(
    "12.5",
    returns=("h",),
    observe=observe_two_losses,
    checked="h is right, W gets its share of both losses, x the cross-entropy alone, and nothing is left behind on W.",
    cases=(
        Case("3 examples, 2 inputs, 1 output, alpha 0.3", lambda: torch_case(3, 2, 1, 0.3, 41)),
        Case("4 examples, 5 inputs, 2 outputs, alpha 0.8", lambda: torch_case(4, 5, 2, 0.8, 42)),
        Case("7 examples, 4 inputs, 3 outputs, alpha 0.6", lambda: torch_case(7, 4, 3, 0.6, 43)),
    ),
    hints=(
        "A class with two static methods. forward(ctx, x, W) saves both with ctx.save_for_backward(x, W) and returns x @ W; backward(ctx, grad_h) takes them out of ctx.saved_tensors.",
        "backward returns one gradient for every argument of forward, in their order: grad_h @ W.T for x, and for W (1 - alpha) * x.T @ grad_h plus alpha times −2SW / tr S, S from this batch. Call the class with .apply(x, W).",
    ),
)


@TORCH.reference
def two_loss_linear(x, W, alpha):
    """h = xW, with a backward of its own, as a torch.autograd.Function.

    x: shape (N, d), W: shape (d, k), tensors. alpha: number. Return h, shape (N, k).
    In the backward W gets (1 − alpha) times the gradient from above, plus alpha times that of the PCA loss with the
    covariance of this batch, its mean taken away; x gets the gradient from above alone, in full.
    """
    import torch

    class TwoLosses(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W):
            ctx.save_for_backward(x, W)
            return x @ W

        @staticmethod
        def backward(ctx, grad_h):
            x, W = ctx.saved_tensors
            centred = x - x.mean(dim=0)
            pull = -2 * centred.T @ (centred @ W) / centred.square().sum()
            return grad_h @ W.T, (1 - alpha) * x.T @ grad_h + alpha * pull

    return TwoLosses.apply(x, W)


@TORCH.wrong("This is plain x @ W: its backward knows nothing of the PCA loss.")
def plain_product(x, W, alpha):
    return x @ W


@TORCH.wrong(
    "Your hook stays on W. At the next forward there will be two of them, then three. Hook something that this call made, such as W.clone(), or write the Function."
)
def hook_stays_on_W(x, W, alpha):
    W.register_hook(lambda grad: (1 - alpha) * grad + alpha * pull_of(x, W))
    return x @ W


@TORCH.wrong(
    "You write W.grad in the forward. zero_grad wipes it out before the backward; the change belongs into the backward."
)
def grad_written_by_hand(x, W, alpha):
    W.grad = alpha * pull_of(x, W)
    return x @ W


@TORCH.wrong("Your covariance is not centred: take x.mean(dim=0) away first.")
def uncentred_in_torch(x, W, alpha):
    pull = -2 * (x.T @ (x @ W) / x.square().sum()).detach()
    return hooked(x, W, lambda grad: (1 - alpha) * grad + alpha * pull)


@TORCH.wrong("The PCA part lacks its factor 2.")
def half_the_pull(x, W, alpha):
    return hooked(x, W, lambda grad: (1 - alpha) * grad + alpha * pull_of(x, W) / 2)


@TORCH.wrong("The PCA part has the wrong sign: the gradient of minus the variance is −2 S W / tr S.")
def pull_the_wrong_way(x, W, alpha):
    return hooked(x, W, lambda grad: (1 - alpha) * grad - alpha * pull_of(x, W))


@TORCH.wrong("The gradient from above enters grad_W in full; its share is 1 − alpha.")
def gradient_in_full(x, W, alpha):
    return hooked(x, W, lambda grad: grad + alpha * pull_of(x, W))


@TORCH.wrong(
    "You let the PCA loss flow on into grad_x, and the layers below would be trained to make it easy. Here it takes x as given: grad_x = grad_h Wᵀ, nothing else."
)
def pca_flows_on(x, W, alpha):
    return own_loss_flows_on(x, W, alpha, whole=1)


@TORCH.wrong(
    "You let the PCA loss flow on into grad_x, and the layers below would be trained to make it easy. Here it takes x as given: grad_x = grad_h Wᵀ, nothing else. (And the share of tr S is left out.)"
)
def pca_flows_on_but_for_the_trace(x, W, alpha):
    return own_loss_flows_on(x, W, alpha, whole=0)


@TORCH.wrong(
    "x gets the weighted sum of both losses, as autograd would pass it on. Here only W does: grad_x = grad_h Wᵀ, in full, and nothing of the PCA loss."
)
def weighted_sum_flows_on(x, W, alpha):
    one = x.clone()
    one.register_hook(lambda grad: (1 - alpha) * grad)
    return pca_flows_on(one, W, alpha)


@TORCH.wrong(
    "Your covariance is the notebook's S, (64, 64), of all training images. The layer has only its batch: take the covariance of this x."
)
def covariance_of_all_images(x, W, alpha):
    import torch

    return x @ W + 0 * (torch.eye(64, dtype=W.dtype) @ W)


@TORCH.wrong(
    "Your covariance is the notebook's S, (64, 64), of all training images. The layer has only its batch: take the covariance of this x. (x.T @ x of the centred batch.)"
)
def covariance_of_all_images_as_an_array(x, W, alpha):
    return x @ W + 0 * pca_loss(W.detach().numpy(), np.eye(64))[0]


@TORCH.wrong(
    "The PCA part is missing: you only made room for it with 1 − alpha. Add alpha times its gradient, −2 S W / tr S."
)
def pull_missing(x, W, alpha):
    return hooked(x, W, lambda grad: (1 - alpha) * grad)


@TORCH.wrong("The gradient from above no longer reaches W: (1 − alpha) · xᵀ grad_h is missing.")
def own_loss_only(x, W, alpha):
    return hooked(x, W, lambda grad: alpha * pull_of(x, W))


@TORCH.wrong("The PCA part is not divided by tr S, so it is no share.")
def pull_not_divided(x, W, alpha):
    def change(grad):
        centred = x - x.mean(dim=0)
        return (1 - alpha) * grad - alpha * 2 * centred.T @ (centred @ W) / len(x)

    return hooked(x, W, lambda grad: change(grad).detach())


@TORCH.wrong(
    "What goes on to x is multiplied by 1 − alpha. It gets the gradient from above in full: only W is shared."
)
def x_scaled_too(x, W, alpha):
    h = hooked(x, W, lambda grad: grad + alpha * pull_of(x, W))
    h.register_hook(lambda grad: (1 - alpha) * grad)
    return h


@TORCH.wrong("Nothing reaches x, so the layers below stop learning. detach belongs to the PCA part only.")
def x_cut_off(x, W, alpha):
    return hooked(x.detach(), W, lambda grad: (1 - alpha) * grad + alpha * pull_of(x, W))


@TORCH.wrong("W is detached: it gets no gradient at all and never moves.")
def weight_cut_off(x, W, alpha):
    return x @ W.detach()


@TORCH.wrong("alpha and 1 − alpha are swapped: alpha belongs to the PCA loss.")
def alpha_swapped_in_torch(x, W, alpha):
    return hooked(x, W, lambda grad: alpha * grad + (1 - alpha) * pull_of(x, W))


@TORCH.wrong("backward returns its gradients in the wrong order: one for each argument of forward, x first.")
def gradients_swapped(x, W, alpha):
    import torch

    class Swapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W):
            ctx.save_for_backward(x, W)
            return x @ W

        @staticmethod
        def backward(ctx, grad_h):
            x, W = ctx.saved_tensors
            return (1 - alpha) * x.T @ grad_h + alpha * pull_of(x, W), grad_h @ W.T

    return Swapped.apply(x, W)


@TORCH.right
def two_loss_linear_with_a_hook(x, W, alpha):
    return hooked(x, W, lambda grad: (1 - alpha) * grad + alpha * pull_of(x, W))


@TORCH.right
def two_loss_linear_with_detach(x, W, alpha):
    pull = alpha * pull_of(x, W)
    h = x @ ((1 - alpha) * W + alpha * W.detach())
    # Nothing is added to the first output but a zero whose gradient with respect to W is not zero.
    import torch

    class Add(torch.autograd.Function):
        @staticmethod
        def forward(ctx, h, W):
            return h.clone()

        @staticmethod
        def backward(ctx, grad_h):
            return grad_h, pull

    return Add.apply(h, W)
