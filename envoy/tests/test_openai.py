"""The official OpenAI SDK, unchanged but for its base URL."""

import openai
import pytest

QUESTION = dict(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])


def always(**behaviour):
    return [dict(behaviour, times="forever")]


def test_a_completion(seawall):
    raw = seawall.client().chat.completions.with_raw_response.create(**QUESTION)
    completion = raw.parse()
    assert completion.model == "gpt-4.1"
    assert completion.choices[0].message.content
    assert completion.usage.total_tokens > 0
    assert raw.headers["x-seawall-target"] == "primary"
    assert raw.headers["x-seawall-attempts"] == "1"


def test_a_stream(seawall):
    options = {"include_usage": True}
    chunks = list(seawall.client().chat.completions.create(**QUESTION, stream=True, stream_options=options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert len(chunks) > 3 and text
    assert chunks[-1].usage.total_tokens > 0


def test_a_stream_after_a_failure(seawall):
    seawall.plan("primary", [dict(status=503)])
    chunks = list(seawall.client(max_retries=0).chat.completions.create(**QUESTION, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (2, 0)


def test_a_failing_provider_is_not_noticed(seawall):
    seawall.plan("primary", always(status=503))
    raw = seawall.client(max_retries=0).chat.completions.with_raw_response.create(**QUESTION)
    assert raw.parse().choices[0].message.content
    assert raw.headers["x-seawall-target"] == "secondary"
    assert raw.headers["x-seawall-reason"] == "failed_over"


def test_a_rate_limit_is_a_rate_limit_error(seawall):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, always(status=429, headers={"retry-after": "30"}))
    with pytest.raises(openai.RateLimitError) as caught:
        seawall.client().chat.completions.create(**QUESTION)
    assert caught.value.status_code == 429
    assert caught.value.response.headers["retry-after"] == "30"
    # 30 s are more than the policy honours, so each target was asked once, and the SDK did not ask again.
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 1)


@pytest.mark.parametrize(
    "status, error",
    [(400, openai.BadRequestError), (401, openai.AuthenticationError), (404, openai.NotFoundError)],
)
def test_an_error_of_the_request_comes_as_it_is(seawall, status, error):
    seawall.plan("primary", always(status=status))
    with pytest.raises(error) as caught:
        seawall.client().chat.completions.create(**QUESTION)
    assert caught.value.status_code == status and "primary" in caught.value.message
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)


def test_a_dead_provider_costs_no_more_attempts_than_the_policy_allows(seawall):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, always(status=500))
    with pytest.raises(openai.APIStatusError) as caught:
        seawall.client(max_retries=5).chat.completions.create(**QUESTION)
    assert caught.value.status_code == 500
    assert caught.value.response.headers["x-seawall-attempts"] == "3"
    assert seawall.seen("primary") + seawall.seen("secondary") == 3


def test_nobody_there_is_an_api_status_error(seawall):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, "refused")
    with pytest.raises(openai.APIStatusError) as caught:
        seawall.client(max_retries=5).chat.completions.create(**QUESTION)
    assert caught.value.status_code == 503
    assert caught.value.code == "upstream_unreachable"
    assert caught.value.response.headers["x-seawall-attempts"] == "3"


def test_a_body_that_is_too_large_is_refused_by_the_filter(seawall):
    messages = [{"role": "user", "content": "x" * (10 * 1024 * 1024)}]
    with pytest.raises(openai.APIStatusError) as caught:
        seawall.client().chat.completions.create(model="gpt-4.1", messages=messages)
    assert caught.value.status_code == 413 and caught.value.code == "request_too_large"
    assert seawall.seen("primary") == 0
