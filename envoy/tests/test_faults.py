"""What providers do wrong, and what a caller with the OpenAI SDK sees of it: the whole answer or one clean error, in time,
and never more attempts than the policy allows."""

import time

import openai
import pytest

DEADLINE = 3
ATTEMPTS = 3
POLICY = """
seawall 1
target primary   { cluster "primary"    provider openai  host "primary.test" }
target secondary { cluster "secondary"  provider openai  host "secondary.test" }
retry quick { attempts 3  backoff full_jitter 5ms .. 20ms  honor retry_after up to 1s }
route chat {
  match     path "/v1/chat/completions"
  try       primary
  then      secondary
  retry     quick
  timeout   500ms
  deadline  3s
}
"""

QUESTION = dict(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])


def always(**behaviour):
    return [dict(behaviour, times="forever")]


def ask(seawall):
    """An answer's text, or the error in its place. Either comes within the deadline, and costs no more than allowed."""
    began = time.monotonic()
    before = attempts(seawall)
    try:
        completion = seawall.client().chat.completions.create(**QUESTION)
        outcome = completion.choices[0].message.content
    except openai.APIError as error:
        outcome = error
    assert time.monotonic() - began < DEADLINE + 1
    assert attempts(seawall) - before <= ATTEMPTS
    return outcome


def attempts(seawall):
    return seawall.seen("primary") + seawall.seen("secondary")


ANSWERS = ("This is a simulated answer from primary.", "This is a simulated answer from secondary.")

FAULTS = dict(
    connection_reset=dict(fault="reset"),
    no_answer_at_all=dict(fault="hang"),
    throttled=dict(error="rate_limit", reset="30s"),
    quota_exhausted=dict(error="insufficient_quota"),
    overloaded=dict(error="overloaded"),
    server_error=dict(error="server_error"),
    error_inside_a_200=dict(error="overloaded", status=200),
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_primary_is_not_noticed(seawall, fault):
    seawall.plan("primary", always(**FAULTS[fault]))
    assert ask(seawall) == ANSWERS[1]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_all_providers_is_one_clean_error(seawall, fault):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, always(**FAULTS[fault]))
    outcome = ask(seawall)
    assert isinstance(outcome, openai.APIStatusError)
    assert outcome.message and outcome.response.headers["x-seawall-attempts"]


def test_nobody_there_at_all_is_not_noticed(seawall):
    seawall.plan("primary", "refused")
    assert ask(seawall) == ANSWERS[1]


def test_a_flapping_primary_is_not_noticed(seawall):
    flapping = [dict(error="overloaded"), {}, dict(fault="reset"), {}, {}, dict(error="server_error", times=2), {}]
    seawall.plan("primary", flapping * 5)
    assert all(ask(seawall) in ANSWERS for _ in range(25))


def test_a_fallback_that_refuses_what_the_primary_took_does_not_mask_its_failure(seawall):
    seawall.plan("primary", always(error="overloaded"))
    seawall.plan("secondary", always(error="invalid_request"))
    outcome = ask(seawall)
    assert isinstance(outcome, openai.InternalServerError) and outcome.status_code == 503


def test_a_quota_that_is_exhausted_is_not_asked_again(seawall):
    seawall.plan("primary", always(error="insufficient_quota"))
    ask(seawall)
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 1)


def test_a_content_policy_is_told_to_the_caller_and_not_routed_around(seawall):
    seawall.plan("primary", always(error="content_policy"))
    outcome = ask(seawall)
    assert isinstance(outcome, openai.BadRequestError) and outcome.code == "content_policy_violation"
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)


def test_a_content_filter_at_the_end_of_an_answer_is_told_as_it_is(seawall):
    seawall.plan("primary", always(finish="content_filter"))
    completion = seawall.client().chat.completions.create(**QUESTION)
    assert completion.choices[0].finish_reason == "content_filter"
    assert attempts(seawall) == 1


def test_a_context_that_is_too_long_for_all_is_told_to_the_caller(seawall):
    seawall.plan("primary", always(error="context_length"))
    outcome = ask(seawall)
    assert isinstance(outcome, openai.BadRequestError) and outcome.code == "context_length_exceeded"
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)


def test_a_context_that_is_too_long_goes_to_a_target_with_a_larger_one(start):
    larger = POLICY.replace('"primary.test"', '"primary.test"  context 128k tokens')
    larger = larger.replace('"secondary.test"', '"secondary.test"  context 1M tokens')
    seawall = start(larger)
    seawall.plan("primary", always(error="context_length"))
    assert ask(seawall) == ANSWERS[1]
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 1)


def test_a_quoted_429_is_no_rate_limit(seawall):
    seawall.plan("primary", always(error="invalid_request"))
    assert isinstance(ask(seawall), openai.BadRequestError)
    assert attempts(seawall) == 1
