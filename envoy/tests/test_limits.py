"""What a limit refuses is the official SDKs' own RateLimitError, with a hint that they follow."""

import time

import anthropic
import openai
import pytest

OPENAI = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
tenant by header "x-team" trusted
limit  few per tenant { 2 requests/min  burst 100% }
route  chat { match path "/v1/chat/completions"  try primary  limit few }
"""

SOON = OPENAI.replace("2 requests/min", "1 requests/s")

ANTHROPIC = """
seawall 1
target primary { cluster "primary"  provider anthropic  host "primary.test" }
limit  few global { 2 requests/min  burst 100% }
route  messages { match path "/v1/messages"  try primary  limit few }
"""

QUESTION = dict(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])


def ask(seawall, team="tide", **options):
    client = seawall.client(default_headers={"x-team": team}, **options)
    return client.chat.completions.create(**QUESTION)


def test_openais_sdk_raises_its_rate_limit_error(start):
    seawall = start(OPENAI)
    for _ in range(2):
        ask(seawall)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(seawall, max_retries=0)
    answer = refused.value.response
    assert refused.value.code == "rate_limit_exceeded" and "`few`" in refused.value.message
    assert 25 <= int(answer.headers["retry-after"]) <= 30
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert answer.headers["x-seawall-reason"] == "limit_reached"
    # Another tenant's share is its own.
    ask(seawall, team="wave")
    assert seawall.seen("primary") == 3


def test_openais_sdk_comes_back_when_it_is_told_to(start):
    seawall = start(SOON)
    begun = time.monotonic()
    for _ in range(3):
        ask(seawall)
    assert time.monotonic() - begun >= 1.9, "three requests at one a second"
    assert seawall.seen("primary") == 3


def test_anthropics_sdk_raises_its_rate_limit_error(start):
    seawall = start(ANTHROPIC)
    client = seawall.anthropic(max_retries=0)
    question = dict(QUESTION, model="claude-sonnet-4", max_tokens=64)
    for _ in range(2):
        client.messages.create(**question)
    with pytest.raises(anthropic.RateLimitError) as refused:
        client.messages.create(**question)
    assert refused.value.body["error"]["type"] == "rate_limit_error"
    assert 25 <= int(refused.value.response.headers["retry-after"]) <= 30
    assert seawall.seen("primary") == 2
