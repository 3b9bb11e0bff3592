"""Webhooks reach public addresses only, whatever a name resolves to and when."""

import asyncio
import datetime
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain.webhooks import AttemptOutcome
from tests.webhooks.receiver import receiving
from webhooks.addresses import AddressPolicy
from webhooks.sender import Sender

NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
    169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192
    192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1
    240.0.0.1 255.255.255.255 168.63.129.16
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 ::10.0.0.1
    64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::10.0.0.1 2002:7f00:1:: 2002:a9fe:a9fe::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 100::1 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1
    fe80::1%eth0 fec0::1 ff02::1 ff0e::1 2001:2::1
    64:ff9b:1:a00:0:100:808:808 3fff::1 5f00::1 4000::1 ::ffff:0:127.0.0.1 2001:20::1
""".split()
PUBLIC = """
    1.1.1.1 8.8.8.8 93.184.216.34 172.32.0.1 172.15.255.255 100.128.0.1 192.167.1.1 169.253.1.1
    2606:4700:4700::1111 2a00:1450:4001:81b::200e ::ffff:8.8.8.8 64:ff9b::8.8.8.8
""".split()


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public_are_refused(address):
    assert not AddressPolicy().allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert AddressPolicy().allows(address)


def test_a_network_is_allowed_by_the_setting_and_no_other():
    policy = AddressPolicy(("10.1.0.0/16", "fd00:1::/32"))
    allowed = ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::9")
    assert all(map(policy.allows, allowed))
    assert not any(map(policy.allows, ("10.2.0.1", "fd00:2::1", "127.0.0.1", "::ffff:10.2.0.1")))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"),
        *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0"),
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(receiver, host):
    url = f"http://{host}:{receiver.port}/"
    attempt = await Sender(AddressPolicy(), allow_http=True).send(url, {}, "{}")
    assert attempt.outcome is AttemptOutcome.ADDRESS_REFUSED
    assert receiver.calls == []


async def test_http_is_refused_unless_allowed(receiver):
    attempt = await Sender(AddressPolicy(("127.0.0.0/8",))).send(receiver.url, {}, "{}")
    assert attempt.outcome is AttemptOutcome.ADDRESS_REFUSED
    assert receiver.calls == []


@pytest.fixture
def names(monkeypatch):
    """What names resolve to; each look-up takes the next answer, and the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    lookups: list[str] = []
    original = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **more):
        if host not in answers:
            return original(host, port, *args, **more)
        lookups.append(host)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        family = socket.AF_INET6 if ":" in found[0] else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answers["lookups"] = lookups  # type: ignore[assignment]
    return answers


async def test_a_name_is_resolved_once_per_attempt_so_rebinding_changes_nothing(receiver, names):
    """The first answer is allowed and nobody listens there; the next one is the receiver."""
    names["bot.test"] = [["127.0.0.2"], ["127.0.0.1"]]
    sender = Sender(AddressPolicy(("127.0.0.2/32",)), allow_http=True)
    first = await sender.send(f"http://bot.test:{receiver.port}/", {}, "{}")
    assert first.outcome is AttemptOutcome.UNREACHABLE
    second = await sender.send(f"http://bot.test:{receiver.port}/", {}, "{}")
    assert second.outcome is AttemptOutcome.ADDRESS_REFUSED
    assert names["lookups"] == ["bot.test", "bot.test"]
    assert receiver.calls == []


async def test_one_address_that_is_not_allowed_refuses_the_name(receiver, names):
    names["bot.test"] = [["127.0.0.1", "10.0.0.1"]]
    sender = Sender(AddressPolicy(("127.0.0.0/8",)), allow_http=True)
    attempt = await sender.send(f"http://bot.test:{receiver.port}/", {}, "{}")
    assert attempt.outcome is AttemptOutcome.ADDRESS_REFUSED
    assert receiver.calls == []


async def test_another_address_of_the_name_is_tried(receiver, names):
    names["bot.test"] = [["127.0.0.2", "127.0.0.1"]]
    sender = Sender(AddressPolicy(("127.0.0.0/8",)), allow_http=True)
    attempt = await sender.send(f"http://bot.test:{receiver.port}/x", {}, "{}")
    assert attempt.outcome is AttemptOutcome.DELIVERED
    assert receiver.calls[0].headers["host"] == f"bot.test:{receiver.port}"


async def test_an_unknown_host_is_unreachable():
    attempt = await Sender(AddressPolicy()).send("https://no.such.invalid/", {}, "{}")
    assert attempt.outcome is AttemptOutcome.UNREACHABLE


async def test_certificate_is_verified_for_the_name_and_not_for_the_address(names, tmp_path):
    served, trusted = certificate("bot.test", tmp_path)
    names["bot.test"] = names["other.test"] = [["127.0.0.1"]]
    async with receiving(served) as receiver:
        sender = Sender(AddressPolicy(("127.0.0.0/8",)), tls=trusted)
        right = await sender.send(f"https://bot.test:{receiver.port}/", {}, "{}")
        wrong = await sender.send(f"https://other.test:{receiver.port}/", {}, "{}")
        untrusted = await Sender(AddressPolicy(("127.0.0.0/8",))).send(
            f"https://bot.test:{receiver.port}/", {}, "{}"
        )
    assert right.outcome is AttemptOutcome.DELIVERED
    assert wrong.outcome is untrusted.outcome is AttemptOutcome.UNREACHABLE
    assert len(receiver.calls) == 1


async def test_proxies_of_the_environment_are_not_used(receiver, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    sender = Sender(AddressPolicy(("127.0.0.0/8",)), allow_http=True)
    assert (await sender.send(receiver.url, {}, "{}")).outcome is AttemptOutcome.DELIVERED


async def test_trickling_answer_ends_at_the_timeout(receiver):
    async def trickle(call):
        await asyncio.Event().wait()

    receiver.answer = trickle
    sender = Sender(AddressPolicy(("127.0.0.0/8",)), allow_http=True, timeout=0.3)
    assert (await sender.send(receiver.url, {}, "{}")).outcome is AttemptOutcome.TIMEOUT


def certificate(name: str, folder) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server with this name uses, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(pem)
    return served, ssl.create_default_context(cafile=str(pem))
