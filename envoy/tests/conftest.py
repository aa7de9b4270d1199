"""A Seawall of one's own for each test: the shipped Envoy configuration, two simulated providers, a policy."""

import contextlib
import json
import os
import subprocess
import time
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


def until(holds, seconds=5):
    """Waits until something holds, for so long at most; whether it does."""
    end = time.monotonic() + seconds
    while not (is_so := holds()) and time.monotonic() < end:
        time.sleep(0.02)
    return is_so


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

    def counted(self, name, least):
        """The same once it is at least so much: metrics come within a tenth of a second, and Envoy shows them at its own pace."""
        until(lambda: self.stat(name) >= least)
        return self.stat(name)

    def _control(self, provider, method, path, body=None):
        request = urllib.request.Request(self.control[provider] + path, body, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()


@contextlib.contextmanager
def running(policy, more=()):
    command = [os.environ["SEAWALL"], "up", "--json", "--policy", str(policy)]
    command += ["--wasm", os.environ["SEAWALL_WASM"], "--envoy", os.environ["SEAWALL_ENVOY"]]
    command += more
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


class Changed:
    """Another Envoy in front of the same providers, with the first one's configuration changed."""

    def __init__(self, seawall, change, workers, has_upstream_half, ports, folder):
        self.seawall = seawall
        dump = get(f"{seawall.admin}/config_dump")
        config = next(part["bootstrap"] for part in dump["configs"] if "bootstrap" in part)
        change(config["static_resources"]["listeners"][0])
        for cluster in config["static_resources"]["clusters"]:
            if not has_upstream_half:
                cluster.pop("typed_extension_protocol_options", None)
            if cluster["name"] in ports:
                endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
                endpoint["address"]["socket_address"]["port_value"] = ports[cluster["name"]]
        (folder / "envoy.json").write_text(json.dumps(config))
        where, log = folder / "admin", (folder / "envoy.log").open("w")
        command = [os.environ["SEAWALL_ENVOY"], "--config-path", folder / "envoy.json", "--admin-address-path", where]
        command += ["--concurrency", str(workers), "--disable-hot-restart", "--log-level", "error"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        until = time.monotonic() + 60
        while not (where.exists() and where.read_text() and self._is_ready(where)):
            assert self.process.poll() is None and time.monotonic() < until, (folder / "envoy.log").read_text()
            time.sleep(0.05)
        self.admin = f"http://{where.read_text()}"
        listeners = get(f"{self.admin}/listeners?format=json")["listener_statuses"]
        self.port = listeners[0]["local_address"]["socket_address"]["port_value"]

    @staticmethod
    def _is_ready(where):
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{where.read_text()}/ready", timeout=10):
            return True
        return False

    def stats(self, name):
        """All statistics whose name holds this."""
        with urllib.request.urlopen(f"{self.admin}/stats?filter={name}", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return {name: int(count) for name, count in (line.split(": ", 1) for line in lines if ": " in line)}


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


@pytest.fixture
def changed(start, tmp_path):
    """Starts Envoy with the text of a policy, its listener changed by a function, and so many workers; with the filter's upstream
    half or without; with clusters at other ports."""
    with contextlib.ExitStack() as stack:

        def changed(text, change=lambda _: None, workers=1, has_upstream_half=True, ports=()):
            envoy = Changed(start(text), change, workers, has_upstream_half, dict(ports), tmp_path)
            stack.callback(lambda: (envoy.process.terminate(), envoy.process.wait(timeout=10)))
            return envoy

        yield changed


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
