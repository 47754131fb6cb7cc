"""Do the claims hold on other seeds? ``python -m making.replicate`` (``make replicate``).

Every solution is run with SEEDS = range(5, 10), then 10 to 14, and so on: BLOCKS blocks that nobody looked at
when the lesson was written. Printed is a table, claim × block, with the figure where a claim does not hold;
what was found is kept in ``making/replicated.json``, lesson by lesson, so a run that was stopped goes on where
it was. ``python -m making.replicate 06 08`` runs these lessons anew.
"""

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from tqdm import tqdm

from course_utils.learner import environment
from making.authoring import ENVIRONMENT, KERNEL, SOLUTIONS, code_fingerprint

STORED = Path(__file__).with_name("replicated.json")
HELD = (
    SOLUTIONS.parent / "course_utils" / "datasets" / "replicated.json"
)  # for ``claim``: what held everywhere
BLOCKS = [range(5 * n, 5 * n + 5) for n in range(1, 5)]
LINE = "SEEDS = range(5)"
PROBE = """
import json
from course_utils.show.claims import session
print(json.dumps([[said.sentence, said.holds, said.figure] for said in session.values()]))
"""

Found = dict[str, list]  # sentence -> [holds, figure]; a cell that does not run -> [False, the error]


def with_seeds(notebook: nbformat.NotebookNode, seeds: range) -> nbformat.NotebookNode:
    """The notebook with other seeds in its setup. ValueError where it does not say which it uses, once."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and LINE in cell.source]
    if len(cells) != 1 or cells[0].source.count(LINE) != 1:
        raise ValueError(f"one cell has to say {LINE!r}, once")
    cells[0].source = cells[0].source.replace(LINE, f"SEEDS = range({seeds.start}, {seeds.stop})")
    return notebook


def run(path: Path, seeds: range) -> Found:
    """What a solution claims with these seeds. A cell that fails is in it, and the others go on."""
    notebook = with_seeds(nbformat.read(path, as_version=4), seeds)
    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(
            ENVIRONMENT, COURSE_CLAIMS="", COURSE_PROGRESS_FILE=str(Path(scratch) / "progress.json")
        )
        NotebookClient(
            notebook,
            timeout=1800,
            kernel_name=KERNEL["name"],
            allow_errors=True,
            extra_arguments=["--log-level=40"],
            resources={"metadata": {"path": str(path.parent)}},
            coalesce_streams=True,
        ).execute()
    *cells, probe = notebook.cells
    found = {sentence: [holds, figure] for sentence, holds, figure in json.loads(probe.outputs[0].text)}
    for cell in cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                found[f"cell {cell.id} runs"] = [False, f"{output.ename}: {output.evalue[:200]}"]
    return found


def stored() -> dict[str, dict]:
    """Lesson -> {"code": fingerprint, "blocks": {"5 to 9": Found}}."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def lessons() -> list[Path]:
    """The solutions whose experiments have seeds."""
    return [path for path in sorted(SOLUTIONS.glob("*.ipynb")) if LINE in path.read_text(encoding="utf-8")]


def name(seeds: range) -> str:
    return f"{seeds.start} to {seeds.stop - 1}"


def table(lesson: str, blocks: dict[str, Found]) -> list[str]:
    """A line a claim: a mark for each block, and the figures where it does not hold."""
    sentences = dict.fromkeys(sentence for found in blocks.values() for sentence in found)
    lines = []
    for sentence in sentences:
        each = [blocks[block].get(sentence) for block in blocks]
        marks = " ".join("·" if one is None else "✓" if one[0] else "✗" for one in each)
        told = [
            f"{block}: {one[1]}"
            for block, one in zip(blocks, each, strict=True)
            if one is not None and not one[0]
        ]
        lines.append("  ".join([lesson[:2], marks, sentence, *told]))
    return lines


def held_everywhere(found: dict[str, dict]) -> list[str]:
    """The sentences that hold on every block, in the order of the lessons."""
    held = []
    for lesson in found.values():
        blocks = list(lesson["blocks"].values())
        if len(blocks) == len(BLOCKS):
            held += [s for s in blocks[0] if all(s in block and block[s][0] for block in blocks)]
    return held


def count(found: dict[str, dict]) -> tuple[int, int]:
    """How many cells the table has, claim × block, and how many of them do not hold."""
    cells = [
        one for lesson in found.values() for block in lesson["blocks"].values() for one in block.values()
    ]
    return len(cells), sum(not holds for holds, _ in cells)


def main(arguments: list[str]) -> int:
    """Run what is missing or chosen, print the table; returns 0."""
    parser = argparse.ArgumentParser(description="Run every solution's experiments on other seeds.")
    parser.add_argument("lessons", nargs="*", help="only these, anew, such as 06 (default: what has changed)")
    chosen = parser.parse_args(arguments).lessons
    if environment.point_here() != 0:
        return 1
    kept, waiting = stored(), []
    for path in lessons():
        code = code_fingerprint(nbformat.read(path, as_version=4))
        new = path.stem[:2] in chosen or kept.get(path.stem, {}).get("code") != code
        if chosen and path.stem[:2] not in chosen:
            continue
        if new:
            kept[path.stem] = {"code": code, "blocks": {}}
        waiting += [(path, seeds) for seeds in BLOCKS if name(seeds) not in kept[path.stem]["blocks"]]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(run, *job): job for job in waiting}
        for done in tqdm(as_completed(jobs), total=len(jobs), desc="lessons × blocks"):
            path, seeds = jobs[done]
            blocks = kept[path.stem]["blocks"]
            blocks[name(seeds)] = done.result()
            kept[path.stem]["blocks"] = {name(b): blocks[name(b)] for b in BLOCKS if name(b) in blocks}
            text = json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False)
            STORED.write_text(text + "\n", encoding="utf-8")
    held = json.dumps(held_everywhere(dict(sorted(kept.items()))), indent=1, ensure_ascii=False)
    HELD.write_text(held + "\n", encoding="utf-8")
    for lesson, of_lesson in sorted(kept.items()):
        print(*table(lesson, of_lesson["blocks"]), sep="\n")
    cells, fail = count(kept)
    print(f"{fail} of {cells} cells do not hold ({fail / cells:.1%}); seeds {', '.join(map(name, BLOCKS))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
