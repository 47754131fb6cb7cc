"""The service is asked for every row once, in batches and at the same time, within its budget, and answers are kept."""

import threading

import pytest
import torch

from course_utils.pytorch.service import BudgetSpent, Service


def test_rows_come_back_in_order_in_batches_that_are_small_enough():
    sizes = []
    service = Service(lambda rows: sizes.append(len(rows)) or 2 * rows, budget=100, batch=4)
    h = torch.arange(20.0).reshape(10, 2)
    assert torch.equal(service(h), 2 * h)
    assert sorted(sizes) == [2, 4, 4] and (service.queries, service.left) == (10, 90)


def test_calls_run_at_the_same_time():
    meet = threading.Barrier(3, timeout=20)  # passes only when three calls wait in it together
    service = Service(lambda rows: (meet.wait(), rows)[1], budget=6, batch=2, workers=3)
    assert service(torch.ones(6, 1)).shape == (6, 1)


def test_a_request_past_the_budget_sends_and_counts_nothing():
    sent = []
    service = Service(lambda rows: sent.append(rows) or rows, budget=5)
    service(torch.ones(3, 1))
    with pytest.raises(BudgetSpent, match="3 queries are asked for, and 2 of 5 are left"):
        service(torch.ones(3, 1))
    assert len(sent) == 1 and service.left == 2


def test_what_was_paid_is_kept_row_by_row_also_when_another_call_fails():
    def call(rows):
        if rows[0, 0] == 2:
            raise ConnectionError("gone")
        return rows + 1

    service = Service(call, budget=100, batch=2)
    with pytest.raises(ConnectionError, match="gone"):
        service(torch.arange(6.0)[:, None])
    assert service.queries == 6
    assert service.asked.flatten().tolist() == [0, 1, 4, 5]
    assert torch.equal(service.answers, service.asked + 1)


def test_answers_carry_no_gradient_and_the_rows_dtype():
    service = Service(lambda rows: rows.double().numpy(), budget=9)
    answers = service(torch.ones(2, 3, requires_grad=True))
    assert answers.dtype == torch.float32 and not answers.requires_grad
