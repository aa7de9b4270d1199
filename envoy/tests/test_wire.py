"""What no SDK does: clients that are slow, and clients that leave."""

import json
import socket
import time
import urllib.parse

from conftest import until

BODY = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}).encode()


def connect(seawall):
    where = urllib.parse.urlsplit(seawall.base_url)
    connection = socket.create_connection((where.hostname, where.port), timeout=10)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: llm.test\r\ncontent-type: application/json\r\n"
    connection.sendall(f"{head}content-length: {len(BODY)}\r\nconnection: close\r\n\r\n".encode())
    return connection


def test_a_slow_client_is_not_taken_for_a_wrong_configuration(seawall):
    # The first request of this Envoy: nothing is known of how it delivers bodies yet.
    with connect(seawall) as connection:
        time.sleep(1.5)
        connection.sendall(BODY)
        assert connection.recv(1024).startswith(b"HTTP/1.1 200")


def test_a_client_that_leaves_costs_no_further_attempt(seawall):
    seawall.plan("primary", [dict(status=429, headers={"retry-after": "1"}, times="forever")])
    with connect(seawall) as connection:
        connection.sendall(BODY)
        assert until(lambda: seawall.seen("primary") == 1, 10)
    assert until(lambda: seawall.stat("answers.gone") == 1, 10)
    time.sleep(1.2)
    assert (seawall.seen("primary"), seawall.seen("secondary")) == (1, 0)
