"""The official Anthropic SDK, unchanged but for its base URL."""

import anthropic
import pytest

POLICY = """
seawall 1
target primary   { cluster "primary"    provider anthropic  host "primary.test" }
target secondary { cluster "secondary"  provider anthropic  host "secondary.test" }
retry quick { attempts 3  backoff full_jitter 5ms .. 20ms  honor retry_after up to 2s }
route messages { match path "/v1/messages"  try primary  then secondary  retry quick  timeout 1s }
route default { pass }
"""

QUESTION = dict(model="claude-sonnet-4", max_tokens=64, messages=[{"role": "user", "content": "Hello"}])


def always(**behaviour):
    return [dict(behaviour, times="forever")]


def both(seawall, **behaviour):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, always(**behaviour))


def test_a_message(seawall):
    raw = seawall.anthropic().messages.with_raw_response.create(**QUESTION)
    message = raw.parse()
    assert message.model == "claude-sonnet-4" and message.stop_reason == "end_turn"
    assert message.content[0].text == "This is a simulated answer from primary."
    assert message.usage.output_tokens == 7
    assert raw.headers["x-seawall-target"] == "primary"


def test_a_stream(seawall):
    with seawall.anthropic().messages.stream(**QUESTION) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert text == message.content[0].text == "This is a simulated answer from primary."
    assert message.usage.output_tokens == 7 and message.stop_reason == "end_turn"


def test_a_stream_after_a_failure(seawall):
    seawall.plan("primary", [dict(error="overloaded")])
    with seawall.anthropic(max_retries=0).messages.stream(**QUESTION) as stream:
        assert "".join(stream.text_stream).startswith("This is a simulated answer")
    assert seawall.seen("primary") + seawall.seen("secondary") == 2


def test_a_failing_provider_is_not_noticed(seawall):
    seawall.plan("primary", always(error="overloaded"))
    raw = seawall.anthropic(max_retries=0).messages.with_raw_response.create(**QUESTION)
    assert raw.parse().content[0].text == "This is a simulated answer from secondary."
    assert raw.headers["x-seawall-reason"] == "failed_over"


@pytest.mark.parametrize(
    "kind, error",
    [
        ("invalid_request", anthropic.BadRequestError),
        ("auth", anthropic.AuthenticationError),
        ("permission", anthropic.PermissionDeniedError),
        ("model_not_found", anthropic.NotFoundError),
        ("request_too_large", anthropic.APIStatusError),
    ],
)
def test_an_error_of_the_request_is_the_sdks_own(seawall, kind, error):
    seawall.plan("primary", always(error=kind))
    with pytest.raises(error) as caught:
        seawall.anthropic().messages.create(**QUESTION)
    assert caught.value.body["type"] == "error"
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)


@pytest.mark.parametrize(
    "kind, error, status",
    [
        ("rate_limit", anthropic.RateLimitError, 429),
        ("overloaded", anthropic.InternalServerError, 529),
        ("server_error", anthropic.InternalServerError, 500),
    ],
)
def test_a_failure_of_all_providers_is_the_sdks_own_error_and_is_not_repeated(seawall, kind, error, status):
    both(seawall, error=kind, reset="30s")
    with pytest.raises(anthropic.APIStatusError) as caught:
        seawall.anthropic(max_retries=5).messages.create(**QUESTION)
    assert isinstance(caught.value, error) and caught.value.status_code == status
    assert caught.value.body["type"] == "error" and caught.value.body["error"]["type"]
    assert seawall.seen("primary") + seawall.seen("secondary") <= 3


def test_nobody_there_is_an_error_in_anthropics_form(seawall):
    for provider in ("primary", "secondary"):
        seawall.plan(provider, "refused")
    with pytest.raises(anthropic.APIStatusError) as caught:
        seawall.anthropic(max_retries=5).messages.create(**QUESTION)
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] and caught.value.body["error"]["message"]
    assert caught.value.response.headers["x-seawall-attempts"] == "3"


def test_a_body_that_is_too_large_is_refused_in_anthropics_form(seawall):
    messages = [{"role": "user", "content": "x" * (10 * 1024 * 1024)}]
    with pytest.raises(anthropic.APIStatusError) as caught:
        seawall.anthropic().messages.create(**(QUESTION | dict(messages=messages)))
    assert caught.value.status_code == 413
    assert caught.value.body["error"]["type"] == "request_too_large"
    assert seawall.seen("primary") == 0


def test_an_error_midway_ends_the_stream_with_one_error(seawall):
    both(seawall, error="overloaded", status=200, after=5)
    with pytest.raises(anthropic.APIStatusError) as caught:
        with seawall.anthropic().messages.stream(**QUESTION) as stream:
            list(stream.text_stream)
    assert caught.value.body["error"]["type"] == "overloaded_error"
