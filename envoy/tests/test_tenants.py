"""Whose a request is, as Envoy found out: by a token or a certificate. And one limit for all of Envoy's workers."""

import base64
import datetime
import hashlib
import hmac
import http.client
import ipaddress
import json
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

POLICY = """
seawall 1
target primary {{ cluster "primary"  provider openai  host "primary.test" }}
{tenant}
limit few {limit}
route chat {{ match path "/v1/chat/completions"  try primary  limit few }}
"""
TWO_EACH = "per tenant { 2 requests/hour  burst 100% }"

BODY = json.dumps(dict(model="gpt-4.1", messages=[dict(role="user", content="Hello")]))


def ask(connection, **headers):
    """The status of an answer."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    answer.read()
    return answer.status


# Tokens.

SECRET = b"a secret of at least thirty-two bytes"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(tenant, secret=SECRET):
    head = base64url(json.dumps(dict(alg="HS256", typ="JWT", kid="one")).encode())
    claims = dict(iss="test", tenant_id=tenant, exp=int(time.time()) + 600)
    signed = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{signed}.{base64url(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def with_jwt(listener):
    """Tokens are verified where there are any, as policy-dsl/README.md says."""
    keys = dict(keys=[dict(kty="oct", alg="HS256", kid="one", k=base64url(SECRET))])
    provider = dict(
        issuer="test",
        local_jwks=dict(inline_string=json.dumps(keys)),
        from_headers=[dict(name="x-token")],
        payload_in_metadata="jwt_payload",
    )
    name = "envoy.filters.http.jwt_authn"
    filter = {
        "name": name,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"test": provider},
            "rules": [
                {
                    "match": {"prefix": "/"},
                    "requires": {
                        "requires_any": {
                            "requirements": [{"provider_name": "test"}, {"allow_missing_or_failed": {}}]
                        }
                    },
                }
            ],
        },
    }
    listener["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"].insert(0, filter)


def test_a_claim_of_a_verified_token_is_the_tenant_and_nothing_that_is_only_said(changed):
    envoy = changed(POLICY.format(tenant='tenant by jwt "tenant_id"', limit=TWO_EACH), with_jwt, workers=2)
    connection = http.client.HTTPConnection("127.0.0.1", envoy.port)
    acme = dict(x_token=token("acme"))
    assert [ask(connection, **acme) for _ in range(3)] == [200, 200, 429]
    # Another key's signature, a name in a header, what a filter writes for its own use: all of that is nobody's name.
    unknown = [
        dict(x_token=token("globex", b"some other secret of thirty-two bytes")),
        dict(tenant_id="globex", x_tenant_id="globex", x_jwt_payload=json.dumps(dict(tenant_id="globex"))),
        dict(),
    ]
    assert [ask(connection, **headers) for headers in unknown] == [200, 200, 429], "they share one bucket"
    assert [ask(connection, x_token=token("globex")) for _ in range(3)] == [200, 200, 429]


def test_a_claim_that_is_a_number_is_the_tenant_in_digits(changed):
    tenants = """tenant by jwt "tenant_id"
tier known { tenants "42" }
route other { match path "/v1/chat/completions"  when `tier != "known"`  try primary }"""
    envoy = changed(POLICY.format(tenant=tenants, limit=TWO_EACH), with_jwt, workers=2)
    connection = http.client.HTTPConnection("127.0.0.1", envoy.port)
    assert [ask(connection, x_token=token(42)) for _ in range(3)] == [200, 200, 429]
    assert ask(connection, x_token=token("42")) == 429, "the same one"
    # Of no tier, and so in the other route, which limits nothing.
    for other in (43, 42.5, 2**53 + 1, True, [42], {"name": "42"}):
        assert [ask(connection, x_token=token(other)) for _ in range(3)] == [200, 200, 200], other


# Certificates.


class Authority:
    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self._sign(self.name, self.key, x509.BasicConstraints(ca=True, path_length=None))
        (folder / "authority.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, extension):
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
        certificate = certificate.public_key(key.public_key()).serial_number(x509.random_serial_number())
        certificate = certificate.not_valid_before(now - datetime.timedelta(hours=1))
        certificate = certificate.not_valid_after(now + datetime.timedelta(hours=1))
        return certificate.add_extension(extension, critical=False).sign(self.key, hashes.SHA256())

    def issue(self, file, *names):
        """A certificate with these names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file)])
        certificate = self._sign(subject, key, x509.SubjectAlternativeName(names))
        encoding = serialization.Encoding.PEM
        form = serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(encoding, form, serialization.NoEncryption())
        path = self.folder / f"{file}.pem"
        path.write_bytes(certificate.public_bytes(encoding) + secret)
        return str(path)


def test_the_name_in_a_clients_certificate_is_the_tenant_and_no_header_that_says_so(changed, tmp_path):
    authority = Authority(tmp_path)
    server = authority.issue("server", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    trusted = str(tmp_path / "authority.pem")

    def with_tls(listener):
        context = {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": True,
            "common_tls_context": {
                "tls_certificates": [
                    {"certificate_chain": {"filename": server}, "private_key": {"filename": server}}
                ],
                "validation_context": {"trusted_ca": {"filename": trusted}},
            },
        }
        socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
        listener["filter_chains"][0]["transport_socket"] = socket

    envoy = changed(POLICY.format(tenant="tenant by san", limit=TWO_EACH), with_tls, workers=2)

    def client(*certificate):
        context = ssl.create_default_context(cafile=trusted)
        for file in certificate:
            context.load_cert_chain(file)
        return http.client.HTTPSConnection("127.0.0.1", envoy.port, context=context)

    acme = authority.issue("acme", x509.UniformResourceIdentifier("spiffe://test/acme"))
    globex = authority.issue("globex", x509.DNSName("globex.test"))
    forged = dict(x_forwarded_client_cert="URI=spiffe://test/other", x_tenant_id="other")
    # Each time another connection, and perhaps another worker.
    assert [ask(client(acme), **forged) for _ in range(3)] == [200, 200, 429]
    assert [ask(client(globex)) for _ in range(3)] == [200, 200, 429]
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(client())


# Workers.


def flood(port, seconds, threads=8):
    """As much as a few clients can send; how many were admitted, and in which time at most."""
    statuses, begun = [], time.monotonic()

    def send():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < begun + seconds:
            statuses.append(ask(connection, x_team="tide"))

    clients = [threading.Thread(target=send) for _ in range(threads)]
    [client.start() for client in clients]
    [client.join() for client in clients]
    return statuses, time.monotonic() - begun


def evenly(listener):
    """Connections go to the workers in turn."""
    listener["connection_balance_config"] = {"exact_balance": {}}


def test_two_workers_admit_together_what_the_limit_says(changed):
    rate, burst = 50, 10
    policy = POLICY.format(
        tenant='tenant by header "x-team" trusted', limit=f"per tenant {{ {rate} requests/s  burst 20% }}"
    )
    envoy = changed(policy, evenly, workers=2)
    statuses, seconds = flood(envoy.port, 3)
    admitted, refused = statuses.count(200), statuses.count(429)
    assert admitted + refused == len(statuses) and refused > 0
    # Exactly: whatever a worker admits, the other knows.
    assert burst + rate <= admitted <= burst + rate * seconds, f"{admitted} of {len(statuses)} in {seconds} s"
    served = [count for name, count in envoy.stats("worker_._.*downstream_cx_total").items()]
    served = served or list(envoy.stats("worker_.*downstream_cx_total").values())
    assert sum(count > 0 for count in served) >= 2, served


def test_two_workers_have_together_as_many_requests_under_way_as_the_limit_says(changed):
    policy = POLICY.format(tenant='tenant by header "x-team" trusted', limit="per tenant { 2 concurrent }")
    envoy = changed(policy, evenly, workers=2)
    envoy.seawall.plan("primary", [dict(times="forever", latency="250ms")])
    statuses, seconds = flood(envoy.port, 2)
    assert statuses.count(200) > 0 and statuses.count(429) > 0
    assert statuses.count(200) <= 2 * (seconds / 0.25 + 1), "each place serves four in a second"
    # Every place is there again.
    connection = http.client.HTTPConnection("127.0.0.1", envoy.port)
    assert [ask(connection, x_team="tide") for _ in range(3)] == [200, 200, 200]


def spend(port, seconds, threads=8):
    """As many answers as a few clients get that may be long and aren't; the output tokens of all of them, and how many were refused."""
    used, refused, begun = [], [], time.monotonic()
    body = json.dumps(dict(model="gpt-4.1", max_tokens=1000, messages=[dict(role="user", content="Hello")]))

    def send():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.monotonic() < begun + seconds:
            headers = {"content-type": "application/json", "x-team": "tide"}
            connection.request("POST", "/v1/chat/completions", body, headers)
            answer = connection.getresponse()
            said = json.loads(answer.read())
            if answer.status == 200:
                used.append(said["usage"]["completion_tokens"])
            else:
                assert answer.status == 429 and answer.headers["x-seawall-reason"] == "limit_reached", said
                refused.append(said)

    clients = [threading.Thread(target=send) for _ in range(threads)]
    [client.start() for client in clients]
    [client.join() for client in clients]
    return sum(used), len(refused), time.monotonic() - begun


LONG = dict(times="forever", tokens=100)


def test_two_workers_let_together_as_many_tokens_be_used_as_the_limit_says(changed):
    rate, burst = 4000, 2000
    limit = f"per tenant {{ {rate} output tokens/s  burst 50% }}"
    envoy = changed(POLICY.format(tenant='tenant by header "x-team" trusted', limit=limit), evenly, workers=2)
    envoy.seawall.plan("primary", [LONG])
    used, refused, seconds = spend(envoy.port, 3)
    assert refused > 0
    assert used <= burst + rate * seconds, f"{used} in {seconds} s"
    # A tenth of what each might have used; were the rest not given back, so would be the sum.
    assert used * 10 > 2 * (burst + rate * seconds), f"{used} in {seconds} s"


def test_two_workers_spend_together_as_much_money_as_the_limit_says(changed):
    policy = POLICY.format(tenant='tenant by header "x-team" trusted', limit="per tenant { $0.05/day }")
    price = "price $0 in, $10 out per 1M tokens"
    policy = policy.replace('host "primary.test"', f'host "primary.test"  {price}')
    envoy = changed(policy, evenly, workers=2)
    envoy.seawall.plan("primary", [LONG])
    used, refused, _ = spend(envoy.port, 2)
    # At the end less is left than the cent that one request may cost.
    assert refused > 0 and 4000 < used <= 5000, f"{used} tokens at $10 for a million"


def test_who_is_refused_is_told_how_many_wait(changed):
    limit = "global { 1 requests/s  burst 100%  wait up to 10s  queue 2 }"
    envoy = changed(POLICY.format(tenant='tenant by header "x-team" trusted', limit=limit), evenly)
    statuses, texts = [], []

    def send(team):
        connection = http.client.HTTPConnection("127.0.0.1", envoy.port)
        connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json", "x-team": team})
        answer = connection.getresponse()
        texts.append(answer.read().decode())
        statuses.append(answer.status)

    clients = [threading.Thread(target=send, args=(f"team {number}",)) for number in range(4)]
    [client.start() for client in clients]
    [client.join() for client in clients]
    assert sorted(statuses) == [200, 200, 200, 429]
    assert sum("2 wait in line before it" in text for text in texts) == 1, texts
