"""What SDKs see of an Envoy without the filter's upstream half, where that can't be what they see of one with it."""

import anthropic
import openai
import pytest

POLICY = """
seawall 1
target primary { cluster "primary"    provider openai  host "primary.test" }
target claude  { cluster "secondary"  provider anthropic  host "secondary.test" }
retry quick { attempts 3  backoff full_jitter 5ms .. 20ms }
route chat     { match path "/v1/chat/completions"  try primary  retry quick  timeout 2s }
route messages { match path "/v1/messages"  try claude  retry quick  timeout 2s }
"""

MESSAGES = [{"role": "user", "content": "Hello"}]
CUT = [dict(fault="cut")]


@pytest.fixture
def envoy(changed):
    return changed(POLICY, has_upstream_half=False)


def test_an_answer_whose_connection_breaks_is_an_error_that_openai_s_sdk_reads_and_tries_again(envoy):
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{envoy.port}/v1", api_key="sk-test")
    envoy.seawall.plan("primary", CUT)
    with pytest.raises(openai.InternalServerError) as broken:
        client.with_options(max_retries=0).chat.completions.create(model="gpt-4.1", messages=MESSAGES)
    error = broken.value
    assert (error.status_code, error.code) == (502, "upstream_reset")
    assert error.response.headers["x-seawall-reason"] == "broken_off"
    envoy.seawall.plan("primary", CUT)
    answer = client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)
    assert answer.choices[0].message.content == "This is a simulated answer from primary."
    assert envoy.seawall.seen("primary") == 3


def test_so_does_anthropic_s(envoy):
    client = anthropic.Anthropic(base_url=f"http://127.0.0.1:{envoy.port}", api_key="sk-test")
    question = dict(model="claude-sonnet-5", max_tokens=100, messages=MESSAGES)
    envoy.seawall.plan("secondary", CUT)
    with pytest.raises(anthropic.InternalServerError) as broken:
        client.with_options(max_retries=0).messages.create(**question)
    told = "the provider broke the connection before its answer was whole"
    assert (broken.value.status_code, broken.value.body["error"]["message"]) == (502, told)
    envoy.seawall.plan("secondary", CUT)
    assert client.messages.create(**question).content[0].text == "This is a simulated answer from secondary."
