"""A Seawall of one's own for each test: the shipped Envoy configuration, two simulated providers, a policy."""

import contextlib
import json
import os
import subprocess
import urllib.request

import anthropic
import openai
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Of tests whose module names none.
POLICY = """
seawall 1
target primary   { cluster "primary"    provider openai  host "primary.test" }
target secondary { cluster "secondary"  provider openai  host "secondary.test" }
retry quick { attempts 3  backoff full_jitter 5ms .. 20ms  honor retry_after up to 2s }
route chat { match path "/v1/chat/completions"  try primary  then secondary  retry quick  timeout 1s }
route default { pass }
"""


class Seawall:
    def __init__(self, addresses):
        self.base_url = addresses["base_url"]
        self.control = addresses["control"]
        self.admin = addresses["admin"]

    def client(self, **options):
        return openai.OpenAI(base_url=self.base_url, api_key="sk-test", **options)

    def anthropic(self, **options):
        return anthropic.Anthropic(base_url=self.base_url.removesuffix("/v1"), api_key="sk-test", **options)

    def plan(self, provider, plan):
        """What a provider does from now on."""
        self._control(provider, "PUT", "/plan", json.dumps(plan).encode())

    def seen(self, provider):
        """How many requests a provider has seen."""
        return json.loads(self._control(provider, "GET", "/healthz"))["count"]

    def log(self, provider):
        """What it has seen."""
        return json.loads(self._control(provider, "GET", "/log"))

    def stat(self, name):
        """One of the filter's metrics."""
        with urllib.request.urlopen(f"{self.admin}/stats?filter=wasmcustom.seawall.{name}$", timeout=10) as answer:
            text = answer.read().decode()
        return int(text.rsplit(": ", 1)[1]) if ": " in text else 0

    def _control(self, provider, method, path, body=None):
        request = urllib.request.Request(self.control[provider] + path, body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


@contextlib.contextmanager
def running(policy):
    command = [os.environ["SEAWALL"], "up", "--json", "--policy", str(policy)]
    command += ["--wasm", os.environ["SEAWALL_WASM"], "--envoy", os.environ["SEAWALL_ENVOY"]]
    for port in ("--port", "--admin-port", "--primary-port", "--secondary-port"):
        command += [port, "0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line, "seawall up has ended"
        yield Seawall(json.loads(line))
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def start(tmp_path):
    """Starts Seawall with the text of a policy."""
    with contextlib.ExitStack() as stack:

        def start(text):
            policy = tmp_path / "policy.seawall"
            policy.write_text(text)
            return stack.enter_context(running(policy))

        yield start


@pytest.fixture
def seawall(request, start):
    return start(getattr(request.module, "POLICY", POLICY))
