"""What a limit refuses is the official SDKs' own RateLimitError, with a hint that they follow."""

import datetime
import re
import time

import anthropic
import openai
import pytest

from conftest import until

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
    assert 25_000 <= int(answer.headers["retry-after-ms"]) <= 30_000
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    # When all of it is back, as Go writes durations.
    assert re.fullmatch(r"5[5-9](\.\d+)?s|1m0s", answer.headers["x-ratelimit-reset-requests"])
    assert answer.headers["x-seawall-reason"] == "limit_reached"
    # Another tenant's share is its own.
    ask(seawall, team="wave")
    assert seawall.seen("primary") == 3


def ask_anthropics(seawall):
    seawall.anthropic().messages.create(**dict(QUESTION, model="claude-sonnet-4", max_tokens=64))


@pytest.mark.parametrize(
    "policy, asks",
    [(SOON, ask), (ANTHROPIC.replace("2 requests/min", "1 requests/s"), ask_anthropics)],
    ids=["openai", "anthropic"],
)
def test_an_sdk_comes_back_when_it_is_told_to(start, policy, asks):
    seawall = start(policy)
    begun = time.monotonic()
    for _ in range(3):
        asks(seawall)
    assert time.monotonic() - begun >= 1.9, "three requests at one a second"
    assert seawall.seen("primary") == 3
    # By its own waits it would have come too early, and been refused more often.
    assert seawall.counted("limits.few.refused", 2) == 2


def test_no_sdk_sleeps_for_an_hour_nor_asks_in_vain(start):
    seawall = start(OPENAI.replace("2 requests/min", "1 requests/hour"))
    begun = time.monotonic()
    ask(seawall)
    with pytest.raises(openai.RateLimitError) as refused:
        ask(seawall, max_retries=5)
    assert 3500 <= int(refused.value.response.headers["retry-after"]) <= 3600, "as it is"
    seawall = start(ANTHROPIC.replace("2 requests/min", "1 requests/hour"))
    client = seawall.anthropic(max_retries=5)
    question = dict(QUESTION, model="claude-sonnet-4", max_tokens=64)
    client.messages.create(**question)
    with pytest.raises(anthropic.RateLimitError) as refused:
        client.messages.create(**question)
    assert 3500 <= int(refused.value.response.headers["retry-after"]) <= 3600
    assert seawall.counted("limits.few.refused", 1) == 1, "it was told not to try again"
    assert time.monotonic() - begun < 60


def test_anthropics_sdk_raises_its_rate_limit_error(start):
    seawall = start(ANTHROPIC)
    client = seawall.anthropic(max_retries=0)
    question = dict(QUESTION, model="claude-sonnet-4", max_tokens=64)
    for _ in range(2):
        client.messages.create(**question)
    with pytest.raises(anthropic.RateLimitError) as refused:
        client.messages.create(**question)
    assert refused.value.body["error"]["type"] == "rate_limit_error"
    headers = refused.value.response.headers
    assert 25 <= int(headers["retry-after"]) <= 30
    assert headers["anthropic-ratelimit-requests-limit"] == "2"
    reset = datetime.datetime.fromisoformat(headers["anthropic-ratelimit-requests-reset"])
    left = reset - datetime.datetime.now(datetime.timezone.utc)
    assert 50 <= left.total_seconds() <= 62
    assert seawall.seen("primary") == 2


STREAMS = """
seawall 1
target primary {{ cluster "primary"  provider openai  host "primary.test" }}
limit  tpm global {{ 6k tokens/min  burst 100% }}
retry  none {{ attempts 1 }}
route  chat {{ match path "/v1/chat/completions"  try primary  limit tpm  retry none  stream {mode} }}
"""

UNCOUNTED = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
route  chat { match path "/v1/chat/completions"  try primary }
"""


def stream(seawall, **options):
    """The chunks that the SDK makes of a stream, without what names it."""
    chunks = seawall.client(max_retries=0).chat.completions.create(**QUESTION, stream=True, max_tokens=4000, **options)
    return [chunk.model_dump(exclude={"id"}) for chunk in chunks]


@pytest.mark.parametrize("mode", ["live", "until_commit", "complete"])
def test_a_stream_is_charged_by_its_usage_which_only_those_see_who_have_asked(start, mode):
    unchanged = stream(start(UNCOUNTED))
    seawall = start(STREAMS.format(mode=mode))
    # Were what each may use not given back, the second would be refused.
    for _ in range(3):
        assert stream(seawall) == unchanged
    asked = stream(seawall, stream_options={"include_usage": True})
    assert asked[:-1] == unchanged
    assert asked[-1]["choices"] == [] and asked[-1]["usage"]["completion_tokens"] == 7
    declined = stream(seawall, stream_options={"include_usage": False})
    assert declined == unchanged
    assert [request["include_usage"] for request in seawall.log("primary")] == [True] * 5
    used = asked[-1]["usage"]["total_tokens"]
    with pytest.raises(openai.RateLimitError) as refused:
        seawall.client(max_retries=0).chat.completions.create(**QUESTION, max_tokens=5990)
    left = int(refused.value.response.headers["x-ratelimit-remaining-tokens"])
    # Five streams of about this size; meanwhile some of it has come back.
    assert 6000 - 5 * used - 30 <= left < 6000


def test_a_stream_that_its_caller_leaves_is_charged_by_what_came(start):
    seawall = start(STREAMS.format(mode="live").replace("6k tokens/min", "100 output tokens/min"))
    seawall.plan("primary", [dict(tokens=90, between_tokens="50ms", times="forever")])
    chunks = seawall.client(max_retries=0).chat.completions.create(**QUESTION, stream=True, max_tokens=90)
    for _ in range(6):
        next(chunks)
    chunks.close()
    seawall.plan("primary", [])
    client = seawall.client(max_retries=0)

    def left():
        # Not nothing was charged, or this would pass.
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(**QUESTION, max_tokens=99)
        return int(refused.value.response.headers["x-ratelimit-remaining-tokens"])

    until(lambda: left() > 10)
    assert 80 <= left() <= 98, "and not the 90 that it might have used"
    client.chat.completions.create(**QUESTION, max_tokens=80)


def test_answers_say_how_many_tokens_were_counted_and_how_well(start):
    seawall = start(STREAMS.format(mode="live"))
    create = seawall.client(max_retries=0).chat.completions.with_raw_response.create
    tokens, how = create(**QUESTION).headers["x-seawall-tokens"].split()
    # Without vocabularies.
    assert int(tokens) > 0 and how == "estimate"
    reported, off = seawall.counted("tokens.primary.reported", 1), seawall.stat("tokens.primary.off")
    assert seawall.stat("tokens.primary.estimate") == 1 and seawall.stat("tokens.primary.exact") == 0
    assert reported > 0 and off == abs(reported - int(tokens))


UNUSUAL = OPENAI.replace("2 requests/min  burst 100%", "300 requests/min  burst 100%  anomaly > 4x baseline window 1s")


def test_much_more_than_usual_is_told_in_the_answer_and_counted_once(start):
    seawall = start(UNUSUAL)
    client = seawall.client(default_headers={"x-team": "tide"})

    def warning():
        return client.chat.completions.with_raw_response.create(**QUESTION).headers.get("x-seawall-warning")

    for _ in range(26):
        assert warning() is None
        time.sleep(0.5)
    told = [warning() for _ in range(40)]
    assert told[:6] == [None] * 6, "that is too little to be told"
    times = [float(re.fullmatch(r"few (\d+\.\d)x baseline", text)[1]) for text in told if text]
    assert len(times) >= 20 and 4 <= min(times) < max(times) < 40, told
    assert seawall.counted("limits.few.anomaly", 1) == 1
    # Another tenant isn't known for long.
    other = seawall.client(default_headers={"x-team": "wave"}).chat.completions.with_raw_response
    assert all("x-seawall-warning" not in other.create(**QUESTION).headers for _ in range(20))
