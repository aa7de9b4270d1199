"""An agent that should stop is told so by the official SDKs' BadRequestError, which none of them retries."""

import anthropic
import openai
import pytest

OPENAI = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
route  chat {
  match path "/v1/chat/completions"
  try primary
  contract { conversation <= 2 requests by header "x-conversation-id" warn 100%  loops <= 2 }
}
"""

ANTHROPIC = """
seawall 1
target primary { cluster "primary"  provider anthropic  host "primary.test" }
route  messages {
  match path "/v1/messages"
  try primary
  contract { conversation <= 1 requests by header "x-conversation-id"  loops <= 1 }
}
"""


def openai_calls(*arguments):
    messages = [{"role": "user", "content": "find it"}]
    for number, text in enumerate(arguments):
        call = {"id": f"c{number}", "type": "function", "function": {"name": "search", "arguments": text}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": "nothing"})
    return messages


def anthropic_calls(*inputs):
    messages = [{"role": "user", "content": "find it"}]
    for number, value in enumerate(inputs):
        call = {"type": "tool_use", "id": f"c{number}", "name": "search", "input": value}
        result = {"type": "tool_result", "tool_use_id": f"c{number}", "content": "nothing"}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    return messages


def test_openais_sdk_is_told_that_a_conversation_is_over(start):
    seawall = start(OPENAI)
    client = seawall.client(default_headers={"x-conversation-id": "one"})
    question = dict(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}])
    assert "x-seawall-warning" not in client.chat.completions.with_raw_response.create(**question).headers
    last = client.chat.completions.with_raw_response.create(**question)
    assert last.headers["x-seawall-warning"] == "conversation 100%"
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**question)
    assert refused.value.code == "conversation_spent"
    assert "stop: this conversation has used 2 requests of 2 requests" in refused.value.message
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert refused.value.response.headers["x-seawall-reason"] == "conversation_spent"
    assert seawall.seen("primary") == 2
    seawall.client(default_headers={"x-conversation-id": "two"}).chat.completions.create(**question)


def test_openais_sdk_is_told_that_an_agent_goes_round_in_circles(start):
    seawall = start(OPENAI)
    client = seawall.client()
    messages = openai_calls('{"q": "it", "n": 1}', '{"n":1.0,"q":"it"}', '{ "q":"\\u0069t","n":1e0 }')
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="gpt-4.1", messages=messages)
    assert refused.value.code == "loop_detected"
    assert "stop: the tool `search` has been called with the same arguments 3 times in a row" in refused.value.message
    assert seawall.seen("primary") == 0
    messages.append({"role": "user", "content": "look elsewhere"})
    client.chat.completions.create(model="gpt-4.1", messages=messages)


def test_anthropics_sdk_is_told_both(start):
    seawall = start(ANTHROPIC)
    client = seawall.anthropic(default_headers={"x-conversation-id": "one"})
    ask = dict(model="claude-sonnet-4", max_tokens=10)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(messages=anthropic_calls({"q": "it", "n": 1}, {"n": 1.0, "q": "it"}), **ask)
    assert "stop: the tool `search`" in refused.value.message
    client.messages.create(messages=anthropic_calls({"q": "it"}, {"q": "them"}), **ask)
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(messages=[{"role": "user", "content": "Hello"}], **ask)
    assert "stop: this conversation has used 1 requests of 1 requests" in refused.value.message
    assert seawall.seen("primary") == 1
