"""Three changes that a trained network may meet: of the labels, of how strokes look, of the pixels."""

from collections.abc import Callable

import numpy as np

from course_utils.beds.data import Digits

Look = Callable[[np.ndarray], np.ndarray]  # images (..., 64) to images (..., 64)
CHESSBOARD = (-1.0) ** np.add.outer(range(8), range(8)).ravel().astype(np.float32)


def blurred(x: np.ndarray) -> np.ndarray:
    """Twice, each pixel becomes the mean of its 3 x 3 neighbourhood; beyond the edge there is no ink."""
    for _ in range(2):
        framed = np.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
        x = sum(framed[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)).reshape(-1, 64) / 9
    return x


def chessboard(x: np.ndarray) -> np.ndarray:
    """The ink of every second pixel counts as negative."""
    return x * CHESSBOARD


LOOKS: dict[str, Look] = {
    "new names": np.asarray,
    "blurred": blurred,
    "chessboard": chessboard,
}


def named(shift: str, y: np.ndarray) -> np.ndarray:
    """The labels under a shift: others for "new names", the same for all else."""
    return (3 * y + 1) % 10 if shift == "new names" else y


def shifted(shift: str, digits: Digits) -> Digits:
    """All three parts of ``digits`` under the shift."""
    look = LOOKS[shift]
    x_train, y_train, x_validation, y_validation, x_test, y_test = digits
    return Digits(
        *(look(x_train), named(shift, y_train)),
        *(look(x_validation), named(shift, y_validation)),
        *(look(x_test), named(shift, y_test)),
    )
