"""The pictures of the README, taken out of the solutions: ``python -m making.readme_pictures``.

Each is an output that a solution stores, so it shows what the course measured and nothing else.
"""

import base64
import re

import nbformat

from making.authoring import ROOT, SOLUTIONS

PICTURES = {  # file in pictures/ → (solution, id of the cell)
    "mask.png": ("04_freezing", "drift-picture"),
    "queries.png": ("07_differences", "race-picture"),
}


def stored_picture(solution: str, cell_id: str) -> tuple[bytes, str]:
    """The PNG that a cell of a solution stores, and its description."""
    notebook = nbformat.read(SOLUTIONS / f"{solution}.ipynb", nbformat.NO_CONVERT)
    (cell,) = (cell for cell in notebook.cells if cell.id == cell_id)
    for output in cell.outputs:
        found = re.search(r"data:image/png;base64,([^\"]+)", output.get("data", {}).get("text/html", ""))
        if found:
            return base64.b64decode(found.group(1)), output.data["text/plain"]
    raise ValueError(f"{solution}, cell {cell_id}: no picture is stored there")


if __name__ == "__main__":
    (ROOT / "pictures").mkdir(exist_ok=True)
    for name, place in PICTURES.items():
        png, description = stored_picture(*place)
        (ROOT / "pictures" / name).write_bytes(png)
        print(f"![{description}](pictures/{name})")
