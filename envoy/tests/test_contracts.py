"""What a contract refuses is the official SDKs' own error, with the count and without a retry; what it trims succeeds."""

import anthropic
import openai
import pytest

OPENAI = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
target large   { cluster "secondary"  provider openai  host "secondary.test"  model "gpt-4.1" }
route refused  { match path "/v1/chat/completions"  when `model == "refused"`  try primary  contract { input <= 200 tokens  turns <= 30 } }
route trimmed  { match path "/v1/chat/completions"  when `model == "trimmed"`  try primary  contract { input <= 200 tokens else trim oldest } }
route larger   { match path "/v1/chat/completions"  try primary  contract { input <= 200 tokens else use large } }
"""

ANTHROPIC = """
seawall 1
target primary { cluster "primary"  provider anthropic  host "primary.test" }
route messages { match path "/v1/messages"  try primary  contract { input <= 200 tokens } }
"""

LONG = "the tide comes in and goes out again " * 40


def conversation(turns):
    roles = ("user", "assistant")
    said = "the tide comes in and goes out again " * 4
    return [{"role": roles[turn % 2], "content": f"{turn} {said}"} for turn in range(turns)]


def test_openais_sdk_raises_its_bad_request_error_with_the_count(start):
    seawall = start(OPENAI)
    with pytest.raises(openai.BadRequestError) as refused:
        seawall.client().chat.completions.create(model="refused", messages=[{"role": "user", "content": LONG}])
    assert refused.value.code == "context_length_exceeded"
    assert "prompt is too long: " in refused.value.message and "tokens > 200 maximum" in refused.value.message
    assert refused.value.response.headers["x-seawall-reason"] == "contract_exceeded"
    with pytest.raises(openai.BadRequestError) as refused:
        seawall.client().chat.completions.create(model="refused", messages=[{"role": "user", "content": "a"}] * 31)
    assert refused.value.code == "too_many_turns"
    assert seawall.seen("primary") == 0
    # Neither was tried again.
    assert seawall.counted("answers.contract_exceeded", 2) == 2
    assert seawall.counted("contracts.refused.refused", 2) == 2


def test_a_conversation_that_is_too_long_is_trimmed_and_answered(start):
    seawall = start(OPENAI)
    answer = seawall.client().chat.completions.with_raw_response.create(model="trimmed", messages=conversation(21))
    assert int(answer.headers["x-seawall-trimmed"]) >= 10
    assert answer.parse().choices[0].message.content
    assert seawall.counted("contracts.trimmed.trimmed", 1) == 1


def test_a_longer_prompt_is_answered_by_the_larger_target(start):
    seawall = start(OPENAI)
    for content, target in (("hi", "primary"), (LONG, "large")):
        messages = [{"role": "user", "content": content}]
        answer = seawall.client().chat.completions.with_raw_response.create(model="any", messages=messages)
        assert answer.headers["x-seawall-target"] == target


def test_anthropics_sdk_raises_its_bad_request_error_with_the_count(start):
    seawall = start(ANTHROPIC)
    with pytest.raises(anthropic.BadRequestError) as refused:
        seawall.anthropic().messages.create(
            model="claude-sonnet-4", max_tokens=64, messages=[{"role": "user", "content": LONG}]
        )
    assert refused.value.body["error"]["type"] == "invalid_request_error"
    assert "prompt is too long: " in refused.value.body["error"]["message"]
    assert seawall.seen("primary") == 0
