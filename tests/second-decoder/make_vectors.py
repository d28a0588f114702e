#!/usr/bin/env python3
"""Makes spec/vectors/spa and spec/vectors/receipt, from spec/spa.md alone: nothing here is shared with the product or with decode.py.

    make_vectors.py FOLDER      with the folders spa and receipt in it

Keys come from fixed seeds. ECDSA signatures are new at each run, so the files in the tree are the truth and this program is how they came to be: it refuses to
write over a file. Needs libsodium.so.23, ssh-keygen and openssl.
"""

import base64
import ctypes
import datetime
import hashlib
import ipaddress
import os
import struct
import subprocess
import sys
import tempfile

sodium = ctypes.CDLL("libsodium.so.23")
assert sodium.sodium_init() >= 0
WORK = tempfile.mkdtemp(prefix="postern-vectors-")
NAMESPACE = b"spa@postern"
NOW = int(datetime.datetime(2026, 6, 15, 12, 0, 0, tzinfo=datetime.timezone.utc).timestamp()) * 10**9  # a Monday
SECOND = 10**9
SKEW = 60 * SECOND


def seed(text):
    return hashlib.sha256(b"postern spa vectors: " + text.encode()).digest()


def string(data):
    return struct.pack(">I", len(data)) + data


def mpint(number):
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big")) if number else string(b"")


# ---- the two seals (§3)


def blake2b(data, size, key=b""):
    out = ctypes.create_string_buffer(size)
    sodium.crypto_generichash(out, ctypes.c_size_t(size), data, ctypes.c_ulonglong(len(data)), key, ctypes.c_size_t(len(key)))
    return out.raw


def public_of(private):
    out = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult_base(out, private) == 0
    return out.raw


def seal_box(recipient, message, one_time_seed):
    public, private = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    sodium.crypto_box_seed_keypair(public, private, one_time_seed)
    out = ctypes.create_string_buffer(len(message) + 16)
    assert sodium.crypto_box_easy(out, message, ctypes.c_ulonglong(len(message)), blake2b(public.raw + recipient, 24), recipient, private) == 0
    return public.raw + out.raw


def seal_outer(secret, nonce, box):
    out = ctypes.create_string_buffer(len(box) + 16)
    key = blake2b(b"postern spa v1 outer", 32, secret)
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(out, None, box, ctypes.c_ulonglong(len(box)), None, ctypes.c_ulonglong(0), None, nonce, key)
    return nonce + out.raw


GATE = seed("gate key")
GATE_PUBLIC = public_of(GATE)
SECRET = seed("gate secret")
GATE_ID = blake2b(GATE_PUBLIC, 32)[:8]
OTHER_GATE_PUBLIC = public_of(seed("another gate key"))
OTHER_GATE_ID = blake2b(OTHER_GATE_PUBLIC, 32)[:8]


# ---- keys and signatures (§5)


def run(*command, stdin=b""):
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr.decode()}")
    return done.stdout


def write_key_file(name, text):
    path = os.path.join(WORK, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


def armour(label, der):
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else (lambda n: bytes([128 + len(n)]) + n)(len(body).to_bytes((len(body).bit_length() + 7) // 8, "big"))
    return bytes([tag]) + size + body


def der_integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def signed_data(message, namespace=NAMESPACE, hash_name=b"sha512"):
    digest = hashlib.new(hash_name.decode(), message).digest()
    return b"SSHSIG" + string(namespace) + string(b"") + string(hash_name) + string(digest)


def keygen_sign(key, message):
    write_key_file(os.path.basename(key.path) + ".pub", key.line)
    text = run("ssh-keygen", "-Y", "sign", "-q", "-f", key.path, "-n", NAMESPACE.decode(), stdin=message).decode()
    data = base64.b64decode("".join(text.splitlines()[1:-1]))
    assert data[:10] == b"SSHSIG\0\0\0\x01"
    at, parts = 10, []
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    assert len(parts) == 5 and parts[0] == key.blob and parts[1] == NAMESPACE and parts[2] == b"" and parts[3] == b"sha512"
    return parts[4]


class Key:
    @property
    def hint(self):
        return hashlib.sha256(self.blob).digest()[:8]

    @property
    def line(self):
        return self.type + " " + base64.b64encode(self.blob).decode()


class Ed25519(Key):
    type = "ssh-ed25519"

    def __init__(self, name):
        self.secret = seed(name)
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        sodium.crypto_sign_seed_keypair(public, secret, self.secret)
        self.public, self.full = public.raw, secret.raw
        self.blob = string(b"ssh-ed25519") + string(self.public)
        inner = struct.pack(">II", 7, 7) + self.blob + string(self.full) + string(b"")
        inner += bytes(range(1, 1 + -len(inner) % 8))
        file = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"") + struct.pack(">I", 1) + string(self.blob) + string(inner)
        self.path = write_key_file(name, armour("OPENSSH PRIVATE KEY", file))

    def raw(self, data):
        out = ctypes.create_string_buffer(64)
        sodium.crypto_sign_detached(out, None, data, ctypes.c_ulonglong(len(data)), self.full)
        return out.raw

    def sign(self, message):
        return keygen_sign(self, message)


class SkEd25519(Ed25519):
    type = "sk-ssh-ed25519@openssh.com"
    application = b"ssh:"

    def __init__(self, name):
        super().__init__(name)
        self.blob = string(self.type.encode()) + string(self.public) + string(self.application)

    def sign(self, message, flags=1, counter=7, application=None, said_flags=None):
        application = self.application if application is None else application
        said = flags if said_flags is None else said_flags
        data = hashlib.sha256(application).digest() + struct.pack(">BI", flags, counter) + hashlib.sha256(signed_data(message)).digest()
        return string(self.type.encode()) + string(self.raw(data)) + struct.pack(">BI", said, counter)


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Ecdsa(Key):
    type = "ecdsa-sha2-nistp256"

    def __init__(self, name):
        scalar = (int.from_bytes(seed(name), "big") % (P256_ORDER - 1) + 1).to_bytes(32, "big")
        curve = der(0xA0, bytes.fromhex("06082a8648ce3d030107"))
        bare = write_key_file(name + ".der", armour("EC PRIVATE KEY", der(0x30, der_integer(1), der(4, scalar), curve)))
        full = run("openssl", "ec", "-in", bare)
        self.path = write_key_file(name, full.decode())
        self.point = run("openssl", "ec", "-in", bare, "-pubout", "-outform", "DER")[-65:]
        self.blob = string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(self.point)

    def numbers(self, data):
        """r and s, of what openssl writes as SEQUENCE { INTEGER, INTEGER }."""
        signature = run("openssl", "dgst", "-sha256", "-sign", self.path, stdin=data)
        size = signature[3]
        assert signature[4 + size] == 2
        return int.from_bytes(signature[4 : 4 + size], "big"), int.from_bytes(signature[6 + size :], "big")

    def sign(self, message):
        return keygen_sign(self, message)


class SkEcdsa(Ecdsa):
    type = "sk-ecdsa-sha2-nistp256@openssh.com"
    application = b"ssh:postern"

    def __init__(self, name):
        super().__init__(name)
        self.blob = string(self.type.encode()) + string(b"nistp256") + string(self.point) + string(self.application)

    def sign(self, message, flags=5, counter=0xFFFFFFFF):
        data = hashlib.sha256(self.application).digest() + struct.pack(">BI", flags, counter) + hashlib.sha256(signed_data(message)).digest()
        r, s = self.numbers(data)
        return string(self.type.encode()) + string(mpint(r) + mpint(s)) + struct.pack(">BI", flags, counter)


class Rsa(Key):
    type = "ssh-rsa"

    def __init__(self, name, bits):
        stream = iter(range(1 << 30))

        def is_prime(n):
            if any(n % p == 0 for p in SMALL_PRIMES):
                return False
            odd, twos = n - 1, 0
            while odd % 2 == 0:
                odd, twos = odd // 2, twos + 1
            for base in SMALL_PRIMES[:24]:
                x = pow(base, odd, n)
                if x in (1, n - 1):
                    continue
                for _ in range(twos - 1):
                    x = x * x % n
                    if x == n - 1:
                        break
                else:
                    return False
            return True

        def prime(size):
            while True:
                bytes_ = hashlib.shake_256(seed(name) + struct.pack(">I", next(stream))).digest(size // 8)
                n = int.from_bytes(bytes_, "big") | (3 << size - 2) | 1
                if n % 65537 != 1 and is_prime(n):
                    return n

        p, q = prime(bits // 2), prime(bits // 2)
        self.n, e = p * q, 65537
        d = pow(e, -1, (p - 1) * (q - 1))
        numbers = [0, self.n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p)]
        self.path = write_key_file(name, armour("RSA PRIVATE KEY", der(0x30, *map(der_integer, numbers))))
        self.blob = string(b"ssh-rsa") + mpint(e) + mpint(self.n)
        self.size = bits // 8

    def raw(self, data, hash_name="sha512"):
        return run("openssl", "dgst", "-" + hash_name, "-sign", self.path, stdin=data)

    def sign(self, message):
        return keygen_sign(self, message)


SMALL_PRIMES = [n for n in range(2, 2000) if all(n % d for d in range(2, int(n**0.5) + 1))]

ALICE = Ed25519("alice")
BOB = SkEd25519("bob")
CAROL = Ecdsa("carol")
DAVE = SkEcdsa("dave")
ERIN = Rsa("erin", 2048)
FRANK = Rsa("frank", 4096)
GRACE = Rsa("grace", 3072)
MALLORY = Ed25519("mallory")
NAMES = {ALICE: "alice", BOB: "bob", CAROL: "carol", DAVE: "dave", ERIN: "erin", FRANK: "frank", GRACE: "grace", MALLORY: "mallory"}


# ---- the request (§4)


def address(text):
    if text is None:
        return bytes(16)
    parsed = ipaddress.ip_address(text)
    return bytes(10) + b"\xff\xff" + parsed.packed if parsed.version == 4 else parsed.packed


def name(text):
    data = text if isinstance(text, bytes) else text.encode()
    return bytes([len(data)]) + data


class Request:
    def __init__(self, **given):
        self.version, self.flags, self.time, self.gate_id, self.hint = 1, 0, NOW, GATE_ID, None
        self.address, self.port, self.seconds, self.services, self.extensions = None, 0, 0, ["ssh"], []
        self.service_count = self.extension_count = None
        for field, value in given.items():
            assert hasattr(self, field), field
            setattr(self, field, value)

    def signed(self, key):
        services = b"".join(map(name, self.services))
        extensions = b"".join(bytes([kind, len(value)]) + value for kind, value in self.extensions)
        return (
            struct.pack(">BBQ", self.version, self.flags, self.time)
            + self.gate_id
            + (self.hint or key.hint)
            + address(self.address)
            + struct.pack(">HI", self.port, self.seconds)
            + bytes([len(self.services) if self.service_count is None else self.service_count])
            + services
            + bytes([len(self.extensions) if self.extension_count is None else self.extension_count])
            + extensions
        )


def pad(request, size=None):
    for packet in [size] if size else [320, 512, 1200]:
        if len(request) <= packet - 88:
            return request + bytes(packet - 88 - len(request))
    raise ValueError("too long")


def complete(signed, signature, size=None):
    return pad(signed + struct.pack(">H", len(signature)) + signature, size)


def pack(request, label, secret=SECRET, recipient=GATE_PUBLIC):
    return seal_outer(secret, seed(label + ": nonce")[:24], seal_box(recipient, request, seed(label + ": one-time key")))


# ---- the files (§12)

FOLDER = sys.argv[1]
SENTRY = {"wrong-size", "junk", "not-sealed-to-us", "unknown-version", "bad-request"}
STANDARD = ["ssh 30", "web 600"]
written = 0


def write(folder, label, shows, lines):
    global written
    path = os.path.join(FOLDER, folder, label + ".vector")
    with open(path, "x") as file:
        file.write("".join(f"# {line}\n" for line in shows.split("\n")) + "\n" + "".join(f"{field}: {value}".rstrip() + "\n" for field, value in lines))
    written += 1


def case(
    label, shows, expect="accepted", *, key=ALICE, request=None, sign=None, whole=None, packet=None, size=None, signature=None,
    keys=None, options=None, services=None, policy=(), require=(), ledger=(), lost=None, earlier=(), now=NOW, source="192.0.2.7 40000", grants=None,
):
    """One file. What is not given is as in the plainest request that is accepted."""
    request = request or Request()
    if packet is None:
        signed = request.signed(key)
        if whole is None:
            signature = signature if signature is not None else (sign or key.sign)(signed)
            whole = complete(signed, signature, size)
        packet = pack(whole, label)
    lines = [("gate-private", GATE.hex()), ("gate-public", GATE_PUBLIC.hex()), ("gate-secret", SECRET.hex()), ("clock-skew", 60)]
    lines += [("require", what) for what in require]
    lines += [("service", service) for service in (services or STANDARD)]
    lines += list(policy)
    for listed in [ALICE, key] if keys is None and key is not ALICE else [key] if keys is None else keys:
        lines.append(("key", NAMES[listed] + " " + listed.line))
        for option in (options or {}).get(NAMES[listed], ["services=*"]):
            lines.append(("option", NAMES[listed] + " " + option))
    lines += [("ledger", entry) for entry in ledger]
    if lost is not None:
        lines.append(("ledger-lost", lost))
    lines += [("earlier", before.hex()) for before in earlier]
    lines += [("now", now), ("source", source), ("packet", packet.hex()), ("expect", expect)]
    if expect not in SENTRY:
        extensions = dict(request.extensions)
        lines += [
            ("request-time", request.time),
            ("request-gate-id", request.gate_id.hex()),
            ("request-key-hint", (request.hint or key.hint).hex()),
            ("request-address", request.address or "none"),
            ("request-source-port", request.port),
            ("request-seconds", request.seconds),
            ("request-services", ",".join(request.services)),
            ("request-close", "yes" if request.flags & 1 else "no"),
            ("request-device", extensions.get(1, bytes(4)).hex()),
            ("request-receipt-key", extensions[2].hex() if 2 in extensions else "none"),
            ("request-system", extensions.get(3, b"\0")[0]),
            ("request-signature", signature.hex()),
        ]
        if 4 in extensions:
            lines.append(("request-data", extensions[4].decode()))
    if expect == "accepted":
        lines += [("grant", grant) for grant in grants or ["ssh 192.0.2.7 0 30"]]
    write("spa", label, shows, lines)
    return packet


DEVICE = (1, bytes.fromhex("a1b2c3d4"))
RECEIPT = (2, public_of(seed("receipt key")))
LINUX = (3, b"\1")


def accepted():
    case("ed25519", "The plainest request: one service, no address, nothing optional.")
    case("sk-ed25519", "Signed by a security key that was touched (Ed25519).", key=BOB)
    case("ecdsa-p256", "Signed with ECDSA on P-256.", key=CAROL)
    case("sk-ecdsa-p256", "Signed by a security key that was touched (ECDSA on P-256); flags say that the user was verified as well.", key=DAVE)
    case("rsa-2048", "Signed with RSA, 2048 bits: a packet of 512 bytes.", key=ERIN)
    case("rsa-3072", "Signed with RSA, 3072 bits: a packet of 1200 bytes.", key=GRACE)
    case("rsa-4096", "Signed with RSA, 4096 bits: a packet of 1200 bytes.", key=FRANK)

    eight = [letter * 32 for letter in "abcdefgh"]
    case(
        "everything", "Every field and every extension; eight services with the longest names.",
        request=Request(address="2001:db8::7", port=65535, seconds=45, services=eight, extensions=[DEVICE, RECEIPT, LINUX, (128, b""), (129, b"x"), (200, bytes(32)), (254, b"\xff" * 16), (255, b"end")]),
        services=[f"{s} 60" for s in eight], options={"alice": ["services=" + ",".join(eight), "max=3600"]}, source="2001:db8:ffff::1 1",
        grants=[f"{s} 2001:db8::7 65535 45" for s in eight],
    )
    case("shortest-name", "A service of one character, a digit.", request=Request(services=["0"]), services=["0 30"], grants=["0 192.0.2.7 0 30"])
    case("size-512", "A small request in a packet of 512 bytes.", size=512)
    case("size-1200", "A small request in a packet of 1200 bytes.", size=1200)

    room = 232 - 49 - 4 - 1 - 2 - 83 - 2
    full = Request(extensions=[(128, b"\xaa" * room)])
    case("no-padding-320", "The request fills the packet of 320 bytes to its last byte.", request=full)
    room = 1112 - 49 - 4 - 1 - 2 - 532 - 2 * (2 + 255) - 2
    full = Request(extensions=[(128, b"\xaa" * 255), (129, b"\xbb" * 255), (130, b"\xcc" * room)])
    case("no-padding-1200", "The request fills the packet of 1200 bytes to its last byte; the longest extension values and RSA, 4096 bits.", key=FRANK, request=full)

    case("address-v4", "The request names an IPv4 address; the packet comes from another one.", request=Request(address="198.51.100.9"), grants=["ssh 198.51.100.9 0 30"])
    case("address-v6", "The request names an IPv6 address; the packet comes over IPv4.", request=Request(address="2001:db8::7"), grants=["ssh 2001:db8::7 0 30"])
    case("source-v6", "No address: the source of the packet, IPv6.", source="2001:db8::99 5353", grants=["ssh 2001:db8::99 0 30"])
    case("source-port", "The grant is for one source port of the connection, not that of the packet.", request=Request(port=1), grants=["ssh 192.0.2.7 1 30"])
    case("two-services", "Two services, each for its own time.", request=Request(services=["web", "ssh"]), grants=["web 192.0.2.7 0 600", "ssh 192.0.2.7 0 30"])
    case("listed-services", "The key may ask for two services by name, and asks for both.", request=Request(services=["ssh", "web"]), options={"alice": ["services=web,ssh"]}, grants=["ssh 192.0.2.7 0 30", "web 192.0.2.7 0 600"])

    case("seconds-less", "A shorter time than the service's own.", request=Request(seconds=5), grants=["ssh 192.0.2.7 0 5"])
    case("seconds-capped-by-service", "A longer time than the service's own, and the key has no max: capped, not refused.", request=Request(seconds=31))
    case("seconds-up-to-max", "A longer time than the service's own, within the key's max.", request=Request(seconds=3600), options={"alice": ["services=*", "max=3600"]}, grants=["ssh 192.0.2.7 0 3600"])
    case("seconds-capped-by-max", "The greatest number of seconds: capped by the key's max.", request=Request(seconds=2**32 - 1), options={"alice": ["services=*", "max=3600"]}, grants=["ssh 192.0.2.7 0 3600"])
    case("seconds-own-time-capped", "No time asked for, and the service's own is more than the key's max.", request=Request(services=["web"]), options={"alice": ["services=*", "max=120"]}, grants=["web 192.0.2.7 0 120"])

    case("early-exact", "Signed clock_skew in the future, to the nanosecond: still accepted.", request=Request(time=NOW + SKEW))
    case("late-exact", "Signed clock_skew ago, to the nanosecond: still accepted.", request=Request(time=NOW - SKEW))
    case("ledger-one-more", "One nanosecond greater than the last of this key and device.", ledger=[f"alice 00000000 {NOW - 1}"])
    case("ledger-other-device", "Another device of the same key was here later: no matter.", request=Request(extensions=[DEVICE]), ledger=[f"alice 00000000 {NOW + 5}", f"alice a1b2c3d5 {NOW + 5}", f"alice a1b2c3d4 {NOW - 5}"])
    case("ledger-other-key", "Another key was here later: no matter.", keys=[ALICE, CAROL], ledger=[f"carol 00000000 {NOW + 5}"])
    case("ledger-lost-new", "The ledger was lost; the request is newer than anything that can have been accepted before the start.", request=Request(time=NOW - 10 * SECOND + SKEW + 1), lost=NOW - 10 * SECOND)

    case("device", "The greatest device number.", request=Request(extensions=[(1, b"\xff" * 4)]))
    case("receipt-key", "Asks for a receipt.", request=Request(extensions=[RECEIPT]))
    case("system-allowed", "The client's system is among those of the key.", request=Request(extensions=[LINUX]), options={"alice": ["services=*", "systems=macos,linux"]})
    case("system-unnamed", "A system that later clients may name is not refused as such.", request=Request(extensions=[(3, b"\xff")]))
    case("optional-extensions", "Unknown extensions from 128 on are passed over, empty ones too.", request=Request(extensions=[(128, b""), (255, b"\0")]))

    case("from", "The key may come from this network; it is held against the address asked for.", request=Request(address="203.0.113.77"), options={"alice": ["services=*", "from=203.0.113.0/24,2001:db8::/32"]}, grants=["ssh 203.0.113.77 0 30"])
    case("hours", "Within the hours of the gate and of the key (it is Monday, 12:00 UTC).", policy=[("hours", "Mon-Fri 08:00-18:00")], options={"alice": ["services=*", "hours=Mon 12:00-12:01"]})
    case("allow", "The gate's allow list holds the address.", policy=[("allow", "192.0.2.0/24"), ("allow", "2001:db8::/32")])
    case("expires-later", "The key expires a microsecond from now.", options={"alice": ["services=*", f"expires={NOW + 1000}"]})
    case("required-and-there", "Address and source port are required, and named.", request=Request(address="192.0.2.7", port=5000), require=["address", "source-port"], options={"alice": ["services=*", "require-address", "require-source-port"]}, grants=["ssh 192.0.2.7 5000 30"])

    opening = pack(complete(*(lambda s: (s, ALICE.sign(s)))(Request(time=NOW - 1).signed(ALICE))), "close: opening")
    case("close", "Ends the grant that was opened a moment ago.", request=Request(flags=1), earlier=[opening], grants=["ssh 192.0.2.7 0 close"])
    opening = pack(complete(*(lambda s: (s, ALICE.sign(s)))(Request(time=NOW - 1, port=2000).signed(ALICE))), "close-any-port: opening")
    case("close-any-port", "A close needs no source port where one is required to open, and ends the grants for all.", request=Request(flags=1), require=["source-port"], earlier=[opening], grants=["ssh 192.0.2.7 0 close"])
    opening = pack(complete(*(lambda s: (s, ALICE.sign(s)))(Request(time=NOW - 1, port=2000).signed(ALICE))), "close-source-port: opening")
    case("close-source-port", "Ends the grant to one source port.", request=Request(flags=1, port=2000), earlier=[opening], grants=["ssh 192.0.2.7 2000 close"])


def refused_by_the_sentry():
    signed = Request().signed(ALICE)
    plain = complete(signed, ALICE.sign(signed))
    packet = pack(plain, "plain")
    case("empty", "No bytes at all.", "wrong-size", packet=b"")
    case("one-byte-short", "A packet without its last byte.", "wrong-size", packet=packet[:-1])
    case("one-byte-long", "A packet and a byte.", "wrong-size", packet=packet + b"\0")
    case("size-of-a-receipt", "240 bytes.", "wrong-size", packet=packet[:240])
    case("size-1201", "One byte more than the greatest size.", "wrong-size", packet=pack(complete(signed, ALICE.sign(signed), 1200), "plain-1200") + b"\0")
    case("sealed-for-an-odd-size", "Sealed rightly, but of a size that is none: one zero byte of padding more.", "wrong-size", packet=pack(plain + b"\0", "odd size"))

    def flip(data, at, bit=1):
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]

    case("random-320", "Random bytes.", "junk", packet=hashlib.shake_256(b"random").digest(320))
    case("zeros-512", "Zeros.", "junk", packet=bytes(512))
    case("ones-1200", "Ones.", "junk", packet=b"\xff" * 1200)
    case("wrong-secret", "Sealed with the secret of another gate.", "junk", packet=pack(plain, "wrong-secret", secret=seed("another gate secret")))
    case("flipped-nonce", "The first bit of the nonce is turned.", "junk", packet=flip(packet, 0, 128))
    case("flipped-first", "A bit of the first byte under the outer seal is turned.", "junk", packet=flip(packet, 24))
    case("flipped-tag", "The last bit of the packet is turned.", "junk", packet=flip(packet, 319))
    case("no-outer-seal", "The box is sent bare, filled up to the size with zeros.", "junk", packet=pad(seal_box(GATE_PUBLIC, plain, seed("bare")) + bytes(40), 320 + 88)[:320])

    case("wrong-gate-key", "The outer seal is right, and the box is for another gate's key.", "not-sealed-to-us", packet=pack(plain, "wrong-gate-key", recipient=OTHER_GATE_PUBLIC))
    box = seal_box(GATE_PUBLIC, plain, seed("box"))

    def outer(box_, label):
        return seal_outer(SECRET, seed(label)[:24], box_)

    case("flipped-one-time-key", "A bit of the one-time key is turned, under a right outer seal.", "not-sealed-to-us", packet=outer(flip(box, 0), "one-time"))
    case("flipped-inner-tag", "A bit of the inner tag is turned, under a right outer seal.", "not-sealed-to-us", packet=outer(flip(box, 32), "inner tag"))
    case("flipped-request", "The last bit of the box is turned, under a right outer seal.", "not-sealed-to-us", packet=outer(flip(box, len(box) - 1), "inner last"))
    case("small-order", "A one-time key of small order: the shared secret would be zero.", "not-sealed-to-us", packet=outer(bytes(32) + box[32:], "small order"))
    case("random-box", "Random bytes under a right outer seal.", "not-sealed-to-us", packet=outer(hashlib.shake_256(b"box").digest(280), "random box"))

    for version in [0, 2, 255]:
        case(f"version-{version}", f"Version {version}; everything else is right.", "unknown-version", request=Request(version=version))
    case("version-before-layout", "Version 2, and nothing else is as in version 1.", "unknown-version", whole=b"\2" + b"\xff" * 231)

    def bad(label, shows, **given):
        case(label, shows, "bad-request", **given)

    bad("flag-1", "Bit 1 of the flags.", request=Request(flags=2))
    bad("flag-7", "Bit 7 of the flags, and close.", request=Request(flags=0x81))
    bad("close-with-seconds", "A close that asks for a time.", request=Request(flags=1, seconds=1))
    bad("services-none", "No service.", request=Request(services=[]))
    bad("services-nine", "Nine services.", request=Request(services=list("abcdefghi")))
    bad("service-empty", "A service without a name.", request=Request(services=[""]))
    bad("service-33", "A name of 33 characters.", request=Request(services=["a" * 33]))
    bad("service-upper-case", "A name with a capital.", request=Request(services=["sSh"]))
    bad("service-hyphen-first", "A name that begins with a hyphen.", request=Request(services=["-ssh"]))
    bad("service-underscore-first", "A name that begins with an underscore.", request=Request(services=["_ssh"]))
    bad("service-dot", "A name with a full stop.", request=Request(services=["s.h"]))
    bad("service-nul", "A name with a zero byte at its end.", request=Request(services=["ssh\0"]))
    bad("service-not-ascii", "A name with a byte above 127.", request=Request(services=[b"ss\xe9"]))
    bad("service-wildcard", "A star is no name.", request=Request(services=["*"]))
    bad("service-twice", "One service twice.", request=Request(services=["ssh", "web", "ssh"]))
    bad("service-count-low", "Two services, and a count of one: the second is read as extensions.", request=Request(services=["ssh", "web"], service_count=1))
    bad("service-count-high", "One service, and a count of two.", request=Request(service_count=2))
    nine = [(128 + i, b"") for i in range(9)]
    bad("extensions-nine", "Nine extensions.", request=Request(extensions=nine))
    bad("extension-0", "Extension 0.", request=Request(extensions=[(0, b"")]))
    bad("extension-5", "The first extension that must be understood and is unknown.", request=Request(extensions=[(5, b"x")]))
    bad("extension-127", "The last extension that must be understood and is unknown.", request=Request(extensions=[(127, b"")]))
    bad("extensions-descending", "A known extension after an optional one.", request=Request(extensions=[(128, b""), LINUX]))
    bad("extension-twice", "The same extension twice.", request=Request(extensions=[LINUX, LINUX]))
    bad("optional-extension-twice", "The same optional extension twice.", request=Request(extensions=[(200, b"a"), (200, b"b")]))
    bad("extension-count-low", "An extension, and a count of none: it is read as the signature's length.", request=Request(extensions=[LINUX], extension_count=0))
    bad("extension-count-high", "No extension, and a count of one.", request=Request(extension_count=1))
    bad("device-zero", "Device 0, written out.", request=Request(extensions=[(1, bytes(4))]))
    bad("device-3-bytes", "A device of three bytes.", request=Request(extensions=[(1, b"abc")]))
    bad("device-5-bytes", "A device of five bytes.", request=Request(extensions=[(1, b"abcde")]))
    bad("receipt-key-31", "A receipt key of 31 bytes.", request=Request(extensions=[(2, b"k" * 31)]))
    bad("receipt-key-33", "A receipt key of 33 bytes.", request=Request(extensions=[(2, b"k" * 33)]))
    bad("receipt-key-empty", "A receipt key of no bytes.", request=Request(extensions=[(2, b"")]))
    bad("system-zero", "System 0, written out.", request=Request(extensions=[(3, b"\0")]))
    bad("system-empty", "A system of no bytes.", request=Request(extensions=[(3, b"")]))
    bad("data-in-a-close", "A close with data.", request=Request(flags=1, extensions=[(4, b"nas")]))
    bad("data-empty", "Data of no bytes.", request=Request(extensions=[(4, b"")]))
    bad("data-25-bytes", "Data of 25 bytes.", request=Request(extensions=[(4, b"d" * 25)]))
    bad("data-hyphen-first", "Data that begins as an option does.", request=Request(extensions=[(4, b"-rf")]))
    bad("data-dot-first", "Data that begins with a dot.", request=Request(extensions=[(4, b"..")]))
    bad("data-at-first", "Data that begins with an at sign.", request=Request(extensions=[(4, b"@file")]))
    bad("data-slash", "Data with a slash in it.", request=Request(extensions=[(4, b"a/b")]))
    bad("data-blank", "Data with a blank in it.", request=Request(extensions=[(4, b"a b")]))
    bad("data-beyond-ascii", "Data with a byte above 127.", request=Request(extensions=[(4, b"a\xe4")]))
    bad("system-2-bytes", "A system of two bytes.", request=Request(extensions=[(3, b"\0\1")]))
    bad("signature-none", "A signature of no bytes.", signature=b"")
    bad("signature-769", "A signature of 769 bytes.", signature=b"s" * 769)
    bad("padding-first", "The first byte of padding is not zero: a byte follows the signature.", whole=plain[: len(signed) + 2 + 83] + b"\1" + plain[len(signed) + 2 + 84 :])
    bad("padding-last", "The last byte of padding is not zero.", whole=plain[:-1] + b"\x80")
    bad("zeros", "Version 1, and zeros to the end.", whole=pad(b"\1", 320))

    # The request ends in the middle of something: only what is before its end may be read.
    head = signed[:48]
    names = b"".join(name(c * 32) for c in "abcde")  # 165 bytes
    bad("ends-in-service-lengths", "The request ends where a service's length should be.", whole=head + b"\7" + names + name("f" * 17))
    bad("ends-in-service", "A service's name goes one byte over the end.", whole=head + b"\6" + names + bytes([18]) + b"f" * 17)
    bad("ends-after-services", "The request ends where the count of extensions should be.", whole=head + b"\6" + names + name("f" * 17))
    bad("ends-after-extension-count", "The request ends after a count of one extension.", whole=head + b"\6" + names + name("f" * 16) + b"\1")
    bad("ends-after-no-extensions", "The request ends where the signature's length should be.", whole=head + b"\6" + names + name("f" * 16) + b"\0")
    bad("ends-after-extension-type", "The request ends after an extension's type.", whole=head + b"\6" + names + name("f" * 15) + b"\1\x80")
    bad("ends-after-extension-length", "The request ends after an extension's length, which is not zero.", whole=head + b"\6" + names + name("f" * 14) + b"\1\x80\1")
    bad("ends-in-extension", "An extension goes one byte over the end.", whole=head + b"\6" + names + name("f" * 13) + b"\1\x80\2x")
    bad("ends-in-signature-length", "The request ends after the first byte of the signature's length.", whole=head + b"\6" + names + name("f" * 15) + b"\0\0")
    bad("ends-after-signature-length", "The request ends after the signature's length, which is not zero.", whole=head + b"\6" + names + name("f" * 14) + b"\0\0\1")
    bad("ends-in-signature", "The signature goes one byte over the end.", whole=signed + struct.pack(">H", 232 - len(signed) - 1) + b"s" * (232 - len(signed) - 2))


def signatures():
    def bad(label, shows, **given):
        case(label, shows, "bad-signature", **given)

    case("unknown-key", "A right signature by a key that is not listed.", "unknown-key", key=MALLORY, keys=[ALICE])
    case("no-keys", "No key is listed.", "unknown-key", keys=[])
    bad("signed-by-another", "The hint of one key and the signature of another, which is listed too.", request=Request(hint=ALICE.hint), key=MALLORY, keys=[ALICE, MALLORY])
    signed = Request(seconds=10).signed(ALICE)
    signature = ALICE.sign(signed)
    bad("changed-after-signing", "The seconds were changed from 10 to 20 after signing.", request=Request(seconds=20), signature=signature)
    bad("extension-added-after-signing", "An optional extension was added after signing.", request=Request(seconds=10, extensions=[(200, b"")]), signature=signature)

    def ed25519(data):
        return string(b"ssh-ed25519") + string(ALICE.raw(data))

    bad("namespace-file", "Signed for another purpose: the namespace is \"file\".", sign=lambda m: ed25519(signed_data(m, b"file")))
    bad("hash-sha256", "SSHSIG with hash algorithm sha256.", sign=lambda m: ed25519(signed_data(m, hash_name=b"sha256")))
    bad("bare-signature", "The request itself is signed, without SSHSIG.", sign=ed25519)
    bad("algorithm-of-another-type", "An ECDSA signature, right in itself, with the hint of an Ed25519 key.", request=Request(hint=ALICE.hint), key=CAROL, keys=[ALICE, CAROL])
    bad("algorithm-renamed", "A right Ed25519 signature, called sk-ssh-ed25519@openssh.com.", sign=lambda m: string(b"sk-ssh-ed25519@openssh.com") + string(ALICE.raw(signed_data(m))) + b"\1\0\0\0\7")
    bad("trailing-byte", "A byte after the signature, within the blob.", sign=lambda m: ALICE.sign(m) + b"\0")
    bad("missing-byte", "The blob without its last byte.", sign=lambda m: ALICE.sign(m)[:-1])
    bad("one-byte", "A blob of one byte.", signature=b"\0")
    bad("length-huge", "The algorithm's length is 2^32 - 1.", sign=lambda m: b"\xff\xff\xff\xff" + ALICE.sign(m)[4:])
    bad("ed25519-63-bytes", "R and S in 63 bytes.", sign=lambda m: string(b"ssh-ed25519") + string(ALICE.raw(signed_data(m))[:63]))
    bad("ed25519-65-bytes", "R and S, and a zero byte in the same string.", sign=lambda m: string(b"ssh-ed25519") + string(ALICE.raw(signed_data(m)) + b"\0"))

    order = 2**252 + 27742317777372353535851937790883648493

    def malleated(message):
        raw = ALICE.raw(signed_data(message))
        return string(b"ssh-ed25519") + string(raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little"))

    bad("ed25519-s-not-reduced", "S plus the order of the group.", sign=malleated)
    bad("ed25519-zero", "R and S are zero.", signature=string(b"ssh-ed25519") + string(bytes(64)))

    def ecdsa(make):
        return lambda m: string(b"ecdsa-sha2-nistp256") + string(make(*CAROL.numbers(signed_data(m))))

    def low_or_high(want_high):
        """A signature whose r has its top bit set, or not."""

        def sign(message):
            while True:
                r, s = CAROL.numbers(signed_data(message))
                if (r.bit_length() == 256) == want_high:
                    return r, s

        return sign

    high, low = low_or_high(True), low_or_high(False)
    bad("ecdsa-r-negative", "r has its top bit set and no zero byte before it: a negative number.", key=CAROL, sign=lambda m: (lambda r, s: string(b"ecdsa-sha2-nistp256") + string(string(r.to_bytes(32, "big")) + mpint(s)))(*high(m)))
    bad("ecdsa-r-padded", "r has a zero byte that it does not need.", key=CAROL, sign=lambda m: (lambda r, s: string(b"ecdsa-sha2-nistp256") + string(string(b"\0" + mpint(r)[4:]) + mpint(s)))(*low(m)))
    bad("ecdsa-r-zero", "r is zero.", key=CAROL, sign=ecdsa(lambda r, s: mpint(0) + mpint(s)))
    bad("ecdsa-s-not-reduced", "s plus the order of the group.", key=CAROL, sign=ecdsa(lambda r, s: mpint(r) + mpint(s + P256_ORDER)))
    bad("ecdsa-der", "r and s as ASN.1, as openssl writes them.", key=CAROL, sign=ecdsa(lambda r, s: der(0x30, der_integer(r), der_integer(s))))
    bad("ecdsa-trailing", "A byte after s, in the same string.", key=CAROL, sign=ecdsa(lambda r, s: mpint(r) + mpint(s) + b"\0"))
    bad("ecdsa-swapped", "s and r.", key=CAROL, sign=ecdsa(lambda r, s: mpint(s) + mpint(r)))
    one = Request().signed(CAROL)
    r, s = CAROL.numbers(signed_data(one))
    first, second = (string(b"ecdsa-sha2-nistp256") + string(mpint(r) + mpint(number)) for number in (s, P256_ORDER - s))
    case("ecdsa-second-signature", "The other signature that anyone can make of an ECDSA one (s is negated): it is right.", key=CAROL, signature=second)
    case("ecdsa-second-signature-replayed", "The other signature of a request that was accepted is no new request.", "replayed", key=CAROL, signature=second, earlier=[pack(complete(one, first), "first signature")])

    bad("sk-not-touched", "A security key's signature without user presence.", key=BOB, sign=lambda m: BOB.sign(m, flags=0))
    bad("sk-verified-not-touched", "User verification without user presence.", key=BOB, sign=lambda m: BOB.sign(m, flags=4))
    bad("sk-ecdsa-not-touched", "A security key's signature without user presence (ECDSA).", key=DAVE, sign=lambda m: DAVE.sign(m, flags=0))
    bad("sk-presence-claimed", "Signed without user presence, and the flags changed afterwards to say there was.", key=BOB, sign=lambda m: BOB.sign(m, flags=0, said_flags=1))
    bad("sk-other-application", "Signed for another application than the key's.", key=BOB, sign=lambda m: BOB.sign(m, application=b"ssh:other"))
    bad("sk-no-counter", "Without flags and counter.", key=BOB, sign=lambda m: BOB.sign(m)[:-5])
    bad("sk-trailing", "A byte after the counter.", key=BOB, sign=lambda m: BOB.sign(m) + b"\0")
    bad("sk-plain-signature", "The security key's Ed25519 key, used to sign without flags and counter.", key=BOB, sign=lambda m: string(b"ssh-ed25519") + string(BOB.raw(signed_data(m))))

    def rsa(algorithm, hash_name):
        return lambda m: string(algorithm) + string(ERIN.raw(signed_data(m), hash_name))

    bad("rsa-sha2-256", "RSA with SHA-256.", key=ERIN, sign=rsa(b"rsa-sha2-256", "sha256"))
    bad("rsa-sha1", "RSA with SHA-1.", key=ERIN, sign=rsa(b"ssh-rsa", "sha1"))
    bad("rsa-sha512-named-ssh-rsa", "A right signature under the name of the SHA-1 one.", key=ERIN, sign=rsa(b"ssh-rsa", "sha512"))
    bad("rsa-padded", "A zero byte before the signature: longer than the modulus.", key=ERIN, sign=lambda m: string(b"rsa-sha2-512") + string(b"\0" + ERIN.raw(signed_data(m))))
    bad("rsa-short", "The signature without its last byte.", key=ERIN, sign=lambda m: string(b"rsa-sha2-512") + string(ERIN.raw(signed_data(m))[:-1]))


def judged_by_the_warden():
    case("revoked", "The key is listed as revoked.", "key-revoked", options={"alice": ["services=*", "revoked"]})
    case("revoked-unproven", "A revoked key's hint without its signature: nothing is said of the key.", "bad-signature", request=Request(hint=ALICE.hint), key=MALLORY, keys=[ALICE], options={"alice": ["services=*", "revoked"]})
    case("revoked-and-expired", "Revoked comes before expired.", "key-revoked", options={"alice": ["services=*", f"expires={NOW - SECOND}", "revoked"]})
    case("expired", "The key expired a second ago.", "key-expired", options={"alice": ["services=*", f"expires={NOW - SECOND}"]})
    case("expires-now", "The key expires at this very moment.", "key-expired", options={"alice": ["services=*", f"expires={NOW}"]})
    case("expired-and-wrong-gate", "Expired comes before the gate.", "key-expired", request=Request(gate_id=OTHER_GATE_ID), options={"alice": ["services=*", f"expires={NOW - SECOND}"]})
    case("wrong-gate", "Signed for another gate, whose owner sealed it again for this one.", "wrong-gate", request=Request(gate_id=OTHER_GATE_ID))
    case("wrong-gate-by-a-bit", "The last bit of the gate id is another.", "wrong-gate", request=Request(gate_id=GATE_ID[:7] + bytes([GATE_ID[7] ^ 1])))
    case("wrong-gate-and-late", "The gate comes before the time.", "wrong-gate", request=Request(gate_id=OTHER_GATE_ID, time=NOW - 2 * SKEW))

    case("late", "A nanosecond too late.", "too-late", request=Request(time=NOW - SKEW - 1))
    case("late-time-zero", "Time 0.", "too-late", request=Request(time=0))
    case("late-and-replayed", "The window comes before the ledger.", "too-late", request=Request(time=NOW - SKEW - 1), ledger=[f"alice 00000000 {NOW}"])
    case("early", "A nanosecond too early.", "too-early", request=Request(time=NOW + SKEW + 1))
    case("early-time-greatest", "The greatest time: nothing may overflow.", "too-early", request=Request(time=2**64 - 1))
    case("now-zero", "The gate's clock stands at the beginning of 1970: the window does not reach below it.", "too-early", now=0)

    signed = Request().signed(ALICE)
    first = pack(complete(signed, ALICE.sign(signed)), "replayed")
    case("replayed", "The very packet that was accepted a moment ago.", "replayed", packet=first, earlier=[first], signature=ALICE.sign(signed))
    case("replayed-sealed-again", "The request that was accepted a moment ago, in new seals and another size.", "replayed", size=512, earlier=[first])
    case("replayed-same-time", "Another request with the time of the last one.", "replayed", request=Request(services=["web"]), earlier=[first])
    case("ledger-equal", "The time of the last one accepted.", "replayed", ledger=[f"alice 00000000 {NOW}"])
    case("ledger-greater", "A greater time was accepted.", "replayed", ledger=[f"alice 00000000 {NOW + 1}"])
    case("ledger-device", "A greater time was accepted of this device.", "replayed", request=Request(extensions=[DEVICE]), ledger=[f"alice a1b2c3d4 {NOW + 1}"])
    case("ledger-clock-set-back", "The gate's clock was set back by an hour: what it accepted then is not forgotten.", "replayed", ledger=[f"alice 00000000 {NOW + 3600 * SECOND}"])
    case("ledger-lost", "The ledger was lost ten seconds ago; the request may have been accepted before that, from a client whose clock is fast.", "replayed", request=Request(time=NOW - 10 * SECOND + SKEW), lost=NOW - 10 * SECOND)
    case("replayed-before-policy", "The ledger comes before policy.", "replayed", ledger=[f"alice 00000000 {NOW}"], policy=[("deny", "192.0.2.0/24")], require=["address"])

    case("address-required", "The gate requires an address.", "address-required", require=["address"])
    case("address-required-by-key", "The key requires an address.", "address-required", options={"alice": ["services=*", "require-address"]})
    case("source-port-required", "The gate requires a source port.", "source-port-required", require=["source-port"])
    case("source-port-required-by-key", "The key requires a source port.", "source-port-required", options={"alice": ["services=*", "require-source-port"]})
    for label, text in {
        "loopback-v4": "127.0.0.1", "loopback-v6": "::1", "multicast-v4": "224.0.0.1", "multicast-v6": "ff02::1",
        "broadcast": "255.255.255.255", "unspecified-v4": "0.0.0.0", "compatible": "::192.0.2.7",
    }.items():
        case("unusable-" + label, f"Asks for {text}.", "unusable-address", request=Request(address=text))
    case("denied-address", "The address asked for is denied.", "address-denied", request=Request(address="198.51.100.7"), policy=[("deny", "198.51.100.0/24")])
    case("denied-source", "The source of the packet is denied, though another address is asked for.", "address-denied", request=Request(address="198.51.100.7"), policy=[("deny", "192.0.2.0/24")])
    case("denied-and-allowed", "The deny list has the last word.", "address-denied", policy=[("allow", "192.0.2.0/24"), ("deny", "192.0.2.7/32")])
    case("not-allowed", "The gate's allow list lacks the address asked for; it has the source.", "address-not-allowed", request=Request(address="198.51.100.7"), policy=[("allow", "192.0.2.0/24")])
    case("not-from", "The key's networks lack the address asked for; they have the source.", "address-not-allowed", request=Request(address="198.51.100.7"), options={"alice": ["services=*", "from=192.0.2.0/24"]})
    case("not-from-v6", "The key may come from an IPv4 network, and the source is IPv6.", "address-not-allowed", source="2001:db8::7 40000", options={"alice": ["services=*", "from=192.0.2.0/24"]})
    case("outside-hours", "Outside of the gate's hours (it is Monday, 12:00 UTC).", "outside-hours", policy=[("hours", "Mon-Fri 08:00-12:00")])
    case("outside-key-hours", "Outside of the key's hours.", "outside-hours", options={"alice": ["services=*", "hours=Tue-Sun 00:00-24:00"]})
    case("system-not-allowed", "The client's system is not among those of the key.", "system-not-allowed", request=Request(extensions=[LINUX]), options={"alice": ["services=*", "systems=macos,openbsd"]})
    case("system-unsaid", "The key names systems, and the client says none.", "system-not-allowed", options={"alice": ["services=*", "systems=linux"]})
    case("service-not-allowed", "The key may not ask for this service.", "service-not-allowed", request=Request(services=["web"]), options={"alice": ["services=ssh"]})
    case("service-second-not-allowed", "The key may ask for the first of two services: neither is granted.", "service-not-allowed", request=Request(services=["ssh", "web"]), options={"alice": ["services=ssh"]})
    case("service-none-allowed", "The key may ask for nothing.", "service-not-allowed", options={"alice": []})
    case("service-unknown-not-allowed", "A service that does not exist, to a key that may not have all: it is not told.", "service-not-allowed", request=Request(services=["none"]), options={"alice": ["services=ssh"]})
    case("no-such-service", "A service that does not exist, to a key that may have all.", "no-such-service", request=Request(services=["none"]))
    case("data-not-taken", "Something rides along, as long as it may be, to a service that runs nothing.", "data-not-taken", request=Request(extensions=[(4, b"Nas-2_home.example:9@x--")]))
    case("service-not-allowed-to-close", "A close is judged as an opening is.", "service-not-allowed", request=Request(flags=1, services=["web"]), options={"alice": ["services=ssh"]})


def receipts():
    private = seed("receipt key")
    public = public_of(private)

    def body(outcome, address_, seconds=0, word=b"", time=NOW, version=1, word_length=None, tail=b""):
        head = struct.pack(">BBQQ", version, outcome, time, NOW + 1500) + address(address_) + struct.pack(">IB", seconds, len(word) if word_length is None else word_length)
        return (head + word + tail).ljust(152, b"\0")

    def receipt(label, shows, data, fields=None, recipient=public, secret=SECRET, packet=None):
        packet = pack(data, "receipt " + label, secret, recipient) if packet is None else packet
        lines = [("gate-secret", SECRET.hex()), ("receipt-private", private.hex()), ("receipt-public", public.hex()), ("request-time", NOW), ("packet", packet.hex()), ("expect", "accepted" if fields else "refused")]
        write("receipt", label, shows, lines + [("receipt-" + name_, value) for name_, value in (fields or {}).items()])
        return packet

    at = {"gate-time": NOW + 1500}
    granted = receipt("granted", "Granted, for 30 seconds more.", body(0, "192.0.2.7", 30), {"outcome": 0, **at, "address": "192.0.2.7", "seconds-left": 30, "word": "none"})
    receipt("refused", "Refused: the client's clock is slow.", body(1, "2001:db8::7", 0, b"too-late"), {"outcome": 1, **at, "address": "2001:db8::7", "seconds-left": 0, "word": "too-late"})
    receipt("closed", "Closed.", body(2, "192.0.2.7"), {"outcome": 2, **at, "address": "192.0.2.7", "seconds-left": 0, "word": "none"})
    receipt("new-word", "A word that this version does not know, of 32 letters, is a refusal.", body(1, "192.0.2.7", 0, b"z" * 32), {"outcome": 1, **at, "address": "192.0.2.7", "seconds-left": 0, "word": "z" * 32})
    receipt("other-request", "For another request: its time is one nanosecond off.", body(0, "192.0.2.7", 30, time=NOW + 1))
    receipt("other-key", "Sealed to another receipt key.", body(0, "192.0.2.7", 30), recipient=public_of(seed("another receipt key")))
    receipt("other-secret", "Sealed with another gate's secret.", body(0, "192.0.2.7", 30), secret=seed("another gate secret"))
    receipt("version-2", "Version 2.", body(0, "192.0.2.7", 30, version=2))
    receipt("outcome-3", "No such outcome.", body(3, "192.0.2.7"))
    receipt("granted-no-time", "Granted, with no second left.", body(0, "192.0.2.7", 0))
    receipt("granted-with-word", "Granted, and a word.", body(0, "192.0.2.7", 30, b"no"))
    receipt("refused-no-word", "Refused, without a word.", body(1, "192.0.2.7"))
    receipt("refused-with-time", "Refused, with seconds left.", body(1, "192.0.2.7", 1, b"too-late"))
    receipt("closed-with-time", "Closed, with seconds left.", body(2, "192.0.2.7", 1))
    receipt("word-33", "A word of 33 letters.", body(1, "192.0.2.7", 0, b"z" * 33))
    receipt("word-terminal", "A word that would write to a terminal.", body(1, "192.0.2.7", 0, b"\x1b[31mred"))
    receipt("word-hyphens", "A word with two hyphens in a row.", body(1, "192.0.2.7", 0, b"too--late"))
    receipt("word-length-255", "A word that goes over the end.", body(1, "192.0.2.7", 0, b"too-late", word_length=255))
    receipt("padding", "The last byte is not zero.", body(2, "192.0.2.7")[:-1] + b"\1")
    receipt("one-byte-short", "A receipt without its last byte.", None, packet=granted[:-1])
    receipt("one-byte-long", "A receipt and a byte.", None, packet=granted + b"\0")
    receipt("flipped", "The last bit is turned.", None, packet=granted[:-1] + bytes([granted[-1] ^ 1]))


accepted()
refused_by_the_sentry()
signatures()
judged_by_the_warden()
receipts()
print(f"{written} vectors in {FOLDER}; keys in {WORK}")
