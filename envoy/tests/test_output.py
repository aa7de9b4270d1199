"""Structured output with the official SDKs: what comes back fits, whoever answers, or it is the SDKs' own error."""

import json

import anthropic
import openai
import pydantic
import pytest

POLICY = """
seawall 1
target primary   { cluster "primary"    provider openai  host "primary.test" }
target secondary { cluster "secondary"  provider openai  host "secondary.test" }
retry quick { attempts 4  backoff full_jitter 5ms .. 20ms }
route held {
  match path "/v1/chat/completions"  when `model == "held"`  try primary  then secondary  retry quick  stream complete
  output { schema from request  tools declared  invalid repair, retry 1, then fail_over }
}
route strict {
  match path "/v1/chat/completions"  when `model == "strict"`  try primary  retry quick
  output { schema from request  invalid reject }
}
route chat {
  match path "/v1/*"  try primary  then secondary  retry quick
  output { schema from request  tools declared  invalid repair, retry 1, then fail_over }
}
"""

ANTHROPIC = """
seawall 1
target primary   { cluster "primary"    provider anthropic  host "primary.test" }
target secondary { cluster "secondary"  provider anthropic  host "secondary.test" }
retry quick { attempts 4  backoff full_jitter 5ms .. 20ms }
route messages {
  match path "/v1/messages"  try primary  then secondary  retry quick
  output { schema from request  tools declared  invalid repair, retry 1, then fail_over }
}
"""


class Person(pydantic.BaseModel):
    name: str
    age: int


ADA = {"name": "Ada", "age": 36}
FENCED = f"Here you are:\n```json\n{json.dumps(ADA)}\n```"
LACKING = json.dumps({"name": "Ada"})
QUESTION = [{"role": "user", "content": "Who wrote the first program?"}]


def parsed(seawall, model="any"):
    answer = seawall.client().chat.completions.with_raw_response.parse(
        model=model, messages=QUESTION, response_format=Person
    )
    return answer.headers, answer.parse().choices[0].message.parsed


def last_texts(seawall, provider):
    return [seen["last_text"] for seen in seawall.log(provider)]


def test_a_fenced_answer_is_what_the_application_parses(seawall):
    seawall.plan("primary", [{"text": FENCED}])
    headers, person = parsed(seawall)
    assert person == Person(**ADA)
    assert headers["x-seawall-attempts"] == "1" and headers["x-seawall-output"].startswith("repaired")
    assert seawall.counted("outputs.primary.repaired", 1) == 1


def test_a_model_that_leaves_a_member_out_is_told_and_then_has_it(seawall):
    seawall.plan("primary", [{"text": LACKING}, {"text": json.dumps(ADA)}])
    headers, person = parsed(seawall)
    assert person == Person(**ADA)
    assert headers["x-seawall-reason"] == "retried" and "x-seawall-output" not in headers
    first, second = last_texts(seawall, "primary")
    assert first == QUESTION[0]["content"] and "lacks `age`" in second
    assert seawall.counted("outputs.primary.retried", 1) == 1


def test_a_fallback_that_ignores_the_schema_is_held_to_it(seawall):
    seawall.plan("primary", [{"text": LACKING}, {"text": "Ada Lovelace, at 36."}])
    seawall.plan("secondary", [{"text": FENCED}])
    headers, person = parsed(seawall)
    assert person == Person(**ADA)
    assert headers["x-seawall-target"] == "secondary" and headers["x-seawall-reason"] == "failed_over"
    # The other target has the question as it was asked.
    assert last_texts(seawall, "secondary") == [QUESTION[0]["content"]]


def test_one_call_after_the_other_is_fenced_lacking_and_from_the_fallback(seawall):
    seawall.plan("primary", [{"text": FENCED}, {"text": LACKING}, {"text": json.dumps(ADA)}, {"text": LACKING, "times": 2}])
    seawall.plan("secondary", [{"text": json.dumps(ADA)}])
    reasons = []
    for _ in range(3):
        headers, person = parsed(seawall)
        assert person == Person(**ADA)
        reasons.append(headers["x-seawall-reason"])
    assert reasons == ["ok", "retried", "failed_over"]


def test_what_is_rejected_is_the_sdks_own_error_with_pointers_and_no_retry(seawall):
    seawall.plan("primary", [{"text": json.dumps({"name": "Ada", "age": "secret"}), "times": "forever"}])
    with pytest.raises(openai.InternalServerError) as refused:
        parsed(seawall, "strict")
    assert refused.value.code == "invalid_output" and refused.value.status_code == 502
    assert "at /age: must be " in refused.value.message and "secret" not in refused.value.message
    assert refused.value.response.headers["x-seawall-reason"] == "invalid_output"
    assert seawall.seen("primary") == 1


def test_a_held_stream_is_repaired_before_its_first_event(seawall):
    seawall.plan("primary", [{"text": FENCED}])
    with seawall.client().chat.completions.stream(model="held", messages=QUESTION, response_format=Person) as stream:
        stream.until_done()
        completion = stream.get_final_completion()
    assert completion.choices[0].message.parsed == Person(**ADA)


def test_arguments_of_a_call_are_those_that_its_tool_takes(seawall):
    def calls(arguments):
        call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        body = {"id": "x", "object": "chat.completion", "created": 1, "model": "any", "choices": [choice]}
        return {"body": json.dumps(body)}

    schema = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    seawall.plan("primary", [calls("{}"), calls("{'city': 'Bonn',}")])
    answer = seawall.client().chat.completions.create(model="any", messages=QUESTION, tools=tools)
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == {"city": "Bonn"}
    assert "at /calls/0/arguments: lacks `city`" in last_texts(seawall, "primary")[1]


def test_responses_are_held_to_their_text_format(seawall):
    seawall.plan("primary", [{"text": LACKING}, {"text": FENCED}])
    answer = seawall.client().responses.parse(model="any", input="Who wrote the first program?", text_format=Person)
    assert answer.output_parsed == Person(**ADA)
    assert "lacks `age`" in last_texts(seawall, "primary")[1]


def structured(seawall):
    schema = {"type": "object", "required": ["name", "age"], "properties": {"age": {"type": "integer"}}}
    return seawall.anthropic().messages.with_raw_response.create(
        model="claude-sonnet-4",
        max_tokens=64,
        messages=QUESTION,
        extra_body={"output_config": {"format": {"type": "json_schema", "schema": schema}}},
    )


def test_anthropics_sdk_gets_what_its_request_asks_for(start):
    seawall = start(ANTHROPIC)
    seawall.plan("primary", [{"text": FENCED}, {"text": LACKING}, {"text": json.dumps(ADA)}, {"text": LACKING, "times": 2}])
    seawall.plan("secondary", [{"text": FENCED}])
    reasons = []
    for _ in range(3):
        answer = structured(seawall)
        assert json.loads(answer.parse().content[0].text) == ADA
        reasons.append(answer.headers["x-seawall-reason"])
    assert reasons == ["ok", "retried", "failed_over"]
    assert "lacks `age`" in last_texts(seawall, "primary")[2]


def test_anthropics_sdk_raises_its_own_error(start):
    seawall = start(ANTHROPIC.replace("invalid repair, retry 1, then fail_over", "invalid reject"))
    seawall.plan("primary", [{"text": LACKING, "times": "forever"}])
    with pytest.raises(anthropic.InternalServerError) as refused:
        structured(seawall)
    assert refused.value.body["error"]["type"] == "api_error"
    assert "lacks `age`" in refused.value.body["error"]["message"]
    assert seawall.seen("primary") == 1


def test_a_schema_of_the_policys_own_stands_in_a_file_beside_it(start, tmp_path):
    (tmp_path / "person.json").write_text(json.dumps(Person.model_json_schema()))
    seawall = start(
        """
        seawall 1
        target primary { cluster "primary"  provider openai  host "primary.test" }
        route chat { match path "/v1/*"  try primary  output { schema file "person.json"  invalid reject } }
        """
    )
    client = seawall.client(max_retries=0)
    seawall.plan("primary", [{"text": json.dumps(ADA)}])
    assert client.chat.completions.create(model="gpt-4.1", messages=QUESTION).choices[0].message.content
    seawall.plan("primary", [{"text": LACKING}])
    with pytest.raises(openai.InternalServerError) as refused:
        client.chat.completions.create(model="gpt-4.1", messages=QUESTION)
    assert refused.value.response.headers["x-seawall-output"] == "invalid schema"
