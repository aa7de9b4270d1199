"""An audit's sink gets what was asked and answered, without what looks like a person's or a key's; one that is away costs nobody anything."""

import contextlib
import http.server
import json
import threading

import openai

from conftest import until

POLICY = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
route chat {
  match path "/v1/chat/completions"
  try   primary
  output { audit 100% to "secondary" path "/v1/audit" }
}
"""

SECRETS = {
    "jane.doe@example.com": "[email]",
    "4111 1111 1111 1111": "[card]",
    "sk-proj-Zq81nVw0T4yBk6sLm2Xe": "[key]",
}


@contextlib.contextmanager
def collector():
    """A sink, and what it gets: each batch's headers and lines."""
    batches = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            batches.append((self.headers, [json.loads(line) for line in text.splitlines()]))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], batches
        server.shutdown()


def ask(envoy, prompt):
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{envoy.port}/v1", api_key="sk-test-of-the-caller")
    return client.chat.completions.create(model="gpt-4.1", messages=[dict(role="user", content=prompt)])


def test_its_sink_gets_questions_with_their_answers_and_no_secrets(changed):
    with collector() as (port, batches):
        envoy = changed(POLICY, ports={"secondary": port})
        answer = ask(envoy, f"Tell Rumpelstiltskin of {', '.join(SECRETS)}").choices[0].message.content
        assert until(lambda: batches, 20)
        headers, (line,) = batches[0]
        assert headers["content-type"] == "application/x-ndjson" and headers["authorization"] is None
        told = f"Tell Rumpelstiltskin of {', '.join(SECRETS.values())}"
        assert line["request"] == [dict(role="user", content=told)]
        assert [choice["text"] for choice in line["answer"]] == [answer]
        assert (line["route"], line["target"]) == ("chat", "primary")
        assert not any(secret in json.dumps(line) for secret in [*SECRETS, "sk-test-of-the-caller"])


def test_what_a_sink_that_is_away_does_not_take_is_dropped_and_counted(changed):
    with collector() as (port, _):
        pass
    envoy = changed(POLICY, ports={"secondary": port})
    # About twice as much as may wait for a sink.
    for _ in range(70):
        ask(envoy, "Rumpelstiltskin. " * 1_800)

    def count(event):
        return sum(envoy.stats(f"seawall.samples.chat.audit.{event}$").values())

    assert until(lambda: count("failed") >= 1 and count("dropped") >= 1, 20)
    assert count("sent") == 0
    assert ask(envoy, "Hello").choices, "and nobody is held up"
