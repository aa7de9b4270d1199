"""Deadlines that a proxy in front of this one tells in Envoy's own header: it takes it away from callers that it doesn't take for
internal."""

import http.client
import json
import time

import pytest

POLICY = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
retry quick { attempts 2  backoff full_jitter 1ms .. 5ms }
route chat { match path "/v1/chat/completions"  try primary  retry quick  timeout 5s  deadline 8s }
"""
BODY = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]})


def internal(listener):
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    manager["internal_address_config"] = {"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]}


@pytest.mark.parametrize(("change", "expected"), [(internal, (504, "deadline_exceeded")), (lambda _: None, (200, "ok"))])
def test_envoys_own_header_shortens_a_deadline_for_internal_callers_alone(changed, change, expected):
    envoy = changed(POLICY, change)
    envoy.seawall.plan("primary", [dict(latency="1200ms", times="forever")])
    connection = http.client.HTTPConnection("127.0.0.1", envoy.port)
    headers = {"content-type": "application/json", "x-envoy-expected-rq-timeout-ms": "600"}
    begun = time.monotonic()
    connection.request("POST", "/v1/chat/completions", BODY, headers)
    answer = connection.getresponse()
    answer.read()
    took = time.monotonic() - begun
    assert (answer.status, answer.headers["x-seawall-reason"]) == expected
    assert (took < 1.2) == (answer.status == 504), took
    told = [int(seen["headers"]["x-request-deadline-ms"]) for seen in envoy.seawall.log("primary")]
    most = 600 if answer.status == 504 else 8000
    assert len(told) == 1 and most / 2 < told[0] <= most, told
