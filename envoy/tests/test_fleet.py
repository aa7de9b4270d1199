"""Two proxies that share one budget, counted by an existing engine (limitador) in Redis."""

import collections
import contextlib
import json
import os
import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import running, until

# In Redis: 40 requests, and 3000 output tokens for each tenant, in a window that no test outlasts. By itself each proxy would admit
# all of them.
POLICY = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
tenant by header "x-tenant" trusted
limit rpm global     { 10k requests/min       burst 100%  via rate_limit_service "ratelimit" }
limit out per tenant { 60k output tokens/min  burst 100%  via rate_limit_service "ratelimit" }
limit few global     { 30 requests/hour       burst 100%  via rate_limit_service "ratelimit" }
route tokens   { match path "/v1/chat/completions"  try primary  limit out }
route requests { match path "/v1/requests"          try primary  limit rpm }
route away     { match path "/v1/away"              try primary  limit few }
"""
LIMITS = ["rpm=40/600", "out=3000/600/tenant", "few=100000/600"]

PATIENCE = 30


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def ended(process):
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)


class Service:
    """The engine's process, always at one address."""

    def __init__(self, redis):
        self.address = f"127.0.0.1:{free_port()}"
        self.redis = redis
        self.process = None

    def start(self):
        command = [os.environ["SEAWALL_LIMITADOR"], self.address, self.redis, *LIMITS]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)
            self.process = None


@pytest.fixture
def redis(tmp_path):
    server = shutil.which("redis-server")
    assert server, "install Debian's package redis-server"
    port = free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with ended(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)):

        def answers():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"

        assert until(answers, PATIENCE), "Redis answers"
        yield f"redis://127.0.0.1:{port}"


@pytest.fixture
def service(redis):
    service = Service(redis)
    service.start()
    yield service
    service.kill()


@pytest.fixture
def fleet(service, tmp_path):
    """Two Envoys that ask the same service."""
    policy = tmp_path / "policy.seawall"
    policy.write_text(POLICY)
    with contextlib.ExitStack() as stack:
        more = ["--rate-limit-service", f"ratelimit={service.address}"]
        yield [stack.enter_context(running(policy, more)) for _ in range(2)]


def ask(seawall, path, tenant="acme", **body):
    """Status and headers of an answer."""
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}], **body}
    headers = {"content-type": "application/json", "x-tenant": tenant}
    url = seawall.base_url.removesuffix("/v1") + path
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.headers


def warm_up(fleet, path, limit):
    """Asks until the service has answered each proxy in time, however slow the machine has been at the start."""
    for seawall in fleet:

        def is_counted_there():
            before = seawall.stat(f"limits.{limit}.local")
            return ask(seawall, path, "warm")[0] == 200 and seawall.stat(f"limits.{limit}.local") == before

        assert until(is_counted_there, PATIENCE), "the service answers in time"


def local(fleet, limit):
    """How many requests the proxies have admitted by themselves: the service has counted none of them for sure."""
    return sum(seawall.stat(f"limits.{limit}.local") for seawall in fleet)


def test_two_proxies_share_one_budget_of_requests(fleet):
    warm_up(fleet, "/v1/chat/completions", "out")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: ask(fleet[n % 2], "/v1/requests"), range(120)))
    admitted = collections.Counter(n % 2 for n, (status, _) in enumerate(answers) if status == 200)
    # The engine asks Redis and then counts: of four at once three may slip through between the two.
    assert 40 <= admitted.total() <= 43 + local(fleet, "rpm"), admitted
    assert min(admitted.values()) > 0, "both got a part of it"
    status, headers = ask(fleet[0], "/v1/requests")
    assert (status, headers["x-seawall-reason"]) == (429, "limit_reached")
    # Until the engine's own window is over, and so no SDK is to wait for it.
    assert 120 < int(headers["retry-after"]) <= 600
    assert headers["x-should-retry"] == "false"


def test_two_proxies_share_one_budget_of_tokens_by_what_was_really_used(fleet):
    warm_up(fleet, "/v1/away", "few")
    for seawall in fleet:
        seawall.plan("primary", [{"tokens": 40, "times": "forever"}])
    spent = 0
    for number in range(100):
        status, _ = ask(fleet[number % 2], "/v1/chat/completions", max_tokens=500)
        if status == 429:
            break
        assert status == 200
        spent += 40
    # Each asked for 500 and used 40: what it didn't use, the next one need not ask for. At the end a reservation of each proxy
    # at most isn't used up.
    assert 3000 - 2 * 500 <= spent <= 3000 + 40 * local(fleet, "out"), spent
    assert ask(fleet[0], "/v1/chat/completions", tenant="globex", max_tokens=500)[0] == 200, "another's budget"


def test_each_proxy_counts_for_itself_while_the_service_is_away_and_says_so(fleet, service):
    one, other = fleet
    warm_up(fleet, "/v1/chat/completions", "out")
    assert [ask(seawall, "/v1/away")[0] for seawall in fleet] == [200, 200]
    service.kill()
    statuses = collections.Counter(ask(one, "/v1/away")[0] for _ in range(40))
    # One has gone through it already.
    assert statuses == {200: 29, 429: 11}, statuses
    assert until(lambda: one.stat("limits.few.local") >= 29, PATIENCE), "it says that it counts for itself"
    assert ask(other, "/v1/away")[0] == 200, "each for itself"
    service.start()

    def is_back():
        return ask(one, "/v1/away")[0] == 200

    assert until(is_back, PATIENCE), "the service is asked again"
    before = local([one], "few")
    statuses = collections.Counter(ask(one, "/v1/away")[0] for _ in range(20))
    # Its own count has nothing left: it refuses whenever the service is too slow.
    assert statuses[200] > 0, statuses
    assert local([one], "few") == before, "it is the service that has admitted them"
