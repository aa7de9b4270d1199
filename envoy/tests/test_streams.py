"""Streams that go wrong, through the OpenAI SDK: the whole answer or one clean error, and nothing that looks complete and isn't."""

import http.client
import json
import time

import anthropic
import openai
import pytest

DEADLINE = 4
ATTEMPTS = 3
QUESTION = dict(model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}], stream=True)
ANSWERS = ("This is a simulated answer from primary.", "This is a simulated answer from secondary.")


def policy(stream):
    return f"""
seawall 1
target primary   {{ cluster "primary"    provider openai  host "primary.test" }}
target secondary {{ cluster "secondary"  provider openai  host "secondary.test" }}
retry quick {{ attempts 3  backoff full_jitter 5ms .. 20ms  honor retry_after up to 1s }}
route chat {{
  match     path "/v1/chat/completions"
  try       primary
  then      secondary
  retry     quick
  timeout   1s, first_token 500ms, idle 500ms
  deadline  4s
  stream    {stream}
}}
"""


def ask(seawall):
    """What a caller makes of a stream: its text when it is whole, otherwise the error that ended it."""
    began = time.monotonic()
    text, finish = "", None
    try:
        for chunk in seawall.client(max_retries=0).chat.completions.create(**QUESTION):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
        outcome = text
    except (openai.APIError, ConnectionError) as error:
        outcome = error
    # The SDK hands on what httpx says of a connection that breaks midway.
    except Exception as error:
        assert type(error).__module__.startswith("http"), error
        outcome = error
    assert time.monotonic() - began < DEADLINE + 1
    assert seawall.seen("primary") + seawall.seen("secondary") <= ATTEMPTS
    if isinstance(outcome, str):
        assert outcome in ANSWERS and finish == "stop", "it looks complete, and isn't"
    return outcome


# What goes wrong before the first word.
BEFORE = dict(
    error_first=dict(error="overloaded", status=200),
    reset_after_headers=dict(fault="reset_after_headers"),
    empty=dict(fault="empty"),
    only_a_role=dict(fault="truncated", after=1),
    silent_from_the_start=dict(fault="stall", after=0),
    very_slow_first_token=dict(first_token="30s"),
    first_event_is_not_json=dict(fault="bad_event", after=0),
)
# What goes wrong after it.
MIDWAY = dict(
    cut=dict(fault="cut", after=4),
    silent=dict(fault="stall", after=4),
    truncated=dict(fault="truncated", after=4),
    error=dict(error="server_error", status=200, after=4),
    event_is_not_json=dict(fault="bad_event", after=4),
    event_breaks_off=dict(fault="malformed", after=4),
)
# What isn't wrong, but unusual.
UNMARKED = dict(missing_end=dict(fault="missing_end"), left_open=dict(fault="left_open"))


def always(behaviour):
    return [dict(behaviour, times="forever")]


@pytest.mark.parametrize("fault", BEFORE | MIDWAY)
def test_a_stream_that_is_held_to_its_end_is_whole(start, fault):
    seawall = start(policy("complete"))
    seawall.plan("primary", always((BEFORE | MIDWAY)[fault]))
    assert ask(seawall) == ANSWERS[1]


@pytest.mark.parametrize("fault", BEFORE)
def test_a_stream_that_is_held_to_its_first_word_survives_what_comes_before(start, fault):
    seawall = start(policy("until_commit"))
    seawall.plan("primary", always(BEFORE[fault]))
    assert ask(seawall) == ANSWERS[1]


@pytest.mark.parametrize("fault", MIDWAY)
@pytest.mark.parametrize("stream", ["live", "until_commit"])
def test_what_happens_after_the_commit_is_told_as_an_error(start, stream, fault):
    seawall = start(policy(stream))
    seawall.plan("primary", always(MIDWAY[fault]))
    assert isinstance(ask(seawall), Exception)
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)


def test_an_event_that_is_not_json_can_be_skipped(start):
    seawall = start(policy("until_commit malformed skip"))
    seawall.plan("primary", always(MIDWAY["event_is_not_json"]))
    assert ask(seawall) == ANSWERS[0]


@pytest.mark.parametrize("stream", ["live", "until_commit", "complete"])
@pytest.mark.parametrize("fault", UNMARKED)
def test_a_finished_stream_without_its_mark_is_whole_and_prompt(start, stream, fault):
    seawall = start(policy(stream))
    seawall.plan("primary", always(UNMARKED[fault]))
    assert ask(seawall) == ANSWERS[0]


@pytest.mark.parametrize("stream", ["live", "until_commit"])
def test_a_committed_stream_that_falls_silent_ends_in_an_error_that_says_so(start, stream):
    seawall = start(policy(stream))
    seawall.plan("primary", always(MIDWAY["silent"]))
    error = ask(seawall)
    assert isinstance(error, openai.APIError) and error.code == "upstream_timeout"


@pytest.mark.parametrize("stream", ["live", "until_commit"])
def test_a_stream_that_is_left_open_gets_its_mark_behind_its_usage_and_is_closed(start, stream):
    seawall = start(policy(stream))
    seawall.plan("primary", always(UNMARKED["left_open"]))
    body = json.dumps(QUESTION | dict(stream_options=dict(include_usage=True)))
    connection = http.client.HTTPConnection(seawall.base_url.split("/")[2], timeout=DEADLINE)
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    # No host lets a filter end a body before its provider does, so the connection closes without the body's end.
    with pytest.raises(http.client.IncompleteRead) as broken:
        connection.getresponse().read()
    *events, usage, mark, rest = broken.value.partial.decode().split("\n\n")
    assert "finish_reason\":\"stop" in events[-1] and '"usage":{' in usage
    assert (mark, rest) == ("data: [DONE]", "")


MESSAGE = dict(model="claude-sonnet-4", max_tokens=64, messages=QUESTION["messages"])


def messages(stream):
    return policy(stream).replace("provider openai", "provider anthropic").replace("chat/completions", "messages")


@pytest.mark.parametrize(
    "stream, fault",
    [("live", "missing_end"), ("until_commit", "missing_end"), ("complete", "missing_end"), ("complete", "left_open")],
)
def test_a_finished_message_without_its_mark_is_whole(start, stream, fault):
    seawall = start(messages(stream))
    seawall.plan("primary", always(UNMARKED[fault]))
    with seawall.anthropic(max_retries=0).messages.stream(**MESSAGE) as events:
        message = events.get_final_message()
    assert message.content[0].text == ANSWERS[0] and message.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", ["live", "until_commit"])
def test_a_message_that_is_left_open_gets_its_mark_before_the_connection_closes(start, stream):
    seawall = start(messages(stream))
    seawall.plan("primary", always(UNMARKED["left_open"]))
    text, kinds = "", []
    # This SDK reads on to the end of the body, which there is none of.
    with pytest.raises(Exception, match="closed connection"):
        for event in seawall.anthropic(max_retries=0).messages.create(**MESSAGE, stream=True):
            kinds.append(event.type)
            text += event.delta.text if event.type == "content_block_delta" else ""
    assert text == ANSWERS[0] and kinds[-2:] == ["message_delta", "message_stop"]


@pytest.mark.parametrize("stream", ["live", "until_commit"])
def test_a_message_that_falls_silent_ends_in_an_error_that_says_so(start, stream):
    seawall = start(messages(stream))
    seawall.plan("primary", always(MIDWAY["silent"]))
    with pytest.raises(anthropic.APIError, match="in time"):
        with seawall.anthropic(max_retries=0).messages.stream(**MESSAGE) as events:
            events.get_final_message()


@pytest.mark.parametrize("stream", ["live", "until_commit", "complete"])
def test_faults_of_all_providers_end_in_one_clean_error(start, stream):
    seawall = start(policy(stream))
    for provider in ("primary", "secondary"):
        seawall.plan(provider, always(BEFORE["error_first"]))
    assert isinstance(ask(seawall), openai.APIError)


def test_a_stream_that_is_sound_comes_as_it_is_made(start):
    seawall = start(policy("until_commit"))
    seawall.plan("primary", always(dict(between_tokens="100ms")))
    began = time.monotonic()
    arrivals = []
    for chunk in seawall.client().chat.completions.create(**QUESTION):
        arrivals.append(time.monotonic() - began)
    # Ten events, a tenth of a second apart: the first is there long before the last is made.
    assert arrivals[0] < arrivals[-1] / 2
