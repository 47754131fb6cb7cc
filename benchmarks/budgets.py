"""One line for every budget: within or over."""


class Budgets:
    """Prints each budget as it is measured and counts those that are exceeded."""

    def __init__(self) -> None:
        self.checked = 0
        self.exceeded = 0

    def check(self, within: bool, sentence: str) -> None:
        """Print the sentence after 'within budget' or 'OVER BUDGET'."""
        self.checked += 1
        self.exceeded += not within
        print(f"  {'within budget' if within else 'OVER BUDGET  '}  {sentence}", flush=True)

    def at_most(self, what: str, value: float, limit: float, unit: str) -> None:
        self.check(value <= limit, f"{what}: {value:.3g} {unit}, at most {limit:g} {unit}")

    def at_least(self, what: str, value: float, limit: float, unit: str) -> None:
        self.check(value >= limit, f"{what}: {value:.3g} {unit}, at least {limit:g} {unit}")
