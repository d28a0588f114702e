#!/usr/bin/env python3
"""A second reader and judge of Postern SPA packets, written from spec/spa.md alone, which shares nothing with the product.

    decode.py [-v] FILE.vector…      says what each packet is refused as, or that it is accepted, and compares that and every field with what the file expects

Exit 0: all as expected. 1: not. 3: libsodium or ssh-keygen is missing.
"""

import base64
import collections
import ctypes
import datetime
import hashlib
import ipaddress
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    sodium = ctypes.CDLL("libsodium.so.23")
except OSError:
    sys.exit(3)
if sodium.sodium_init() < 0 or not shutil.which("ssh-keygen"):
    sys.exit(3)

SECOND = 10**9
SERVICE_NAME = re.compile(rb"[a-z0-9][a-z0-9_-]{0,31}\Z")
DATA = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,23}\Z")
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SYSTEMS = {"linux": 1, "macos": 2, "windows": 3, "android": 4, "ios": 5, "freebsd": 6, "openbsd": 7, "netbsd": 8}


class Refused(Exception):
    """The word of §7."""


# ---- §3


def blake2b_256(message, key=b""):
    out = ctypes.create_string_buffer(32)
    sodium.crypto_generichash(out, ctypes.c_size_t(32), message, ctypes.c_ulonglong(len(message)), key or None, ctypes.c_size_t(len(key)))
    return out.raw


def open_outer(secret, packet):
    out = ctypes.create_string_buffer(len(packet) - 40)
    key = blake2b_256(b"postern spa v1 outer", secret)
    opened = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(out, None, None, packet[24:], ctypes.c_ulonglong(len(packet) - 24), None, ctypes.c_ulonglong(0), packet[:24], key)
    return out.raw if opened == 0 else None


def mark_of(secret, packet):
    """What the nonce of a packet should end in."""
    out = ctypes.create_string_buffer(8)
    key = blake2b_256(b"postern spa v1 nonce", blake2b_256(b"postern spa v1 outer", secret))[:16]
    sodium.crypto_shorthash_siphash24(out, packet[:16], ctypes.c_ulonglong(16), key)
    return out.raw


def open_box(public, private, box):
    out = ctypes.create_string_buffer(len(box) - 48)
    return out.raw if sodium.crypto_box_seal_open(out, box, ctypes.c_ulonglong(len(box)), public, private) == 0 else None


# ---- §4


class Cursor:
    """Takes bytes from the front. Taking more than there are is a bad request."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise Refused("bad-request")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")


Request = collections.namedtuple("Request", "close time gate_id key_hint address source_port seconds services device receipt_key system data signed signature")


def must(right):
    if not right:
        raise Refused("bad-request")


def read_request(data):
    if data[0] != 1:
        raise Refused("unknown-version")
    cursor = Cursor(data)
    cursor.take(1)
    flags = cursor.number(1)
    must(flags in (0, 1))
    time, gate_id, key_hint = cursor.number(8), cursor.take(8), cursor.take(8)
    address, source_port, seconds = cursor.take(16), cursor.number(2), cursor.number(4)
    must(not (flags and seconds))

    count = cursor.number(1)
    must(1 <= count <= 8)
    services = [cursor.take(cursor.number(1)) for _ in range(count)]
    must(all(map(SERVICE_NAME.match, services)) and len(set(services)) == count)

    count, before, known = cursor.number(1), 0, {}
    must(count <= 8)
    for _ in range(count):
        kind = cursor.number(1)
        value = cursor.take(cursor.number(1))
        must(kind > before)
        must(kind >= 128 or kind in (1, 2, 3, 4))
        before = kind
        known[kind] = value
    must(len(known.get(1, b"....")) == 4 and known.get(1) != bytes(4))
    must(len(known.get(2, bytes(32))) == 32)
    must(len(known.get(3, b".")) == 1 and known.get(3) != b"\0")
    must(4 not in known or (not flags and DATA.match(known[4])))

    signed = data[: cursor.at]
    size = cursor.number(2)
    must(1 <= size <= 768)
    signature = cursor.take(size)
    must(not any(data[cursor.at :]))
    return Request(
        flags == 1, time, gate_id, key_hint, address, source_port, seconds, [s.decode() for s in services],
        known.get(1, bytes(4)), known.get(2), known.get(3, b"\0")[0], known.get(4, b""), signed, signature,
    )


# ---- §5


def string(data):
    return struct.pack(">I", len(data)) + data


def strings(data, count):
    """The first strings of a blob, and what is left; None where there are not so many."""
    found = []
    for _ in range(count):
        if len(data) < 4 or len(data) - 4 < (size := int.from_bytes(data[:4], "big")):
            return None
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return (*found, data)


def is_positive(number):
    """An mpint of RFC 4251 §5 above zero."""
    return len(number) > 0 and number[0] < 128 and (number[0] > 0 or (len(number) > 1 and number[1] >= 128))


def is_canonical(key_type, blob, signature):
    """All that §5 asks beside the mathematics, which is ssh-keygen's part. (ssh-keygen takes an S that is not below the order, and numbers with zeros before them.)"""
    if (parts := strings(signature, 2)) is None:
        return False
    algorithm, inner, rest = parts
    if algorithm.decode("latin-1") != ("rsa-sha2-512" if key_type == "ssh-rsa" else key_type):
        return False
    if key_type.startswith("sk-"):
        if len(rest) != 5 or not rest[0] & 1:
            return False
    elif rest:
        return False
    if "ed25519" in key_type:
        return len(inner) == 64 and int.from_bytes(inner[32:], "little") < ED25519_ORDER
    if "ecdsa" in key_type:
        numbers = strings(inner, 2)
        return numbers is not None and not numbers[2] and is_positive(numbers[0]) and is_positive(numbers[1])
    modulus = strings(blob, 3)[2].lstrip(b"\0")
    return len(inner) == len(modulus)


def is_signed_by(key_type, blob, request):
    if not is_canonical(key_type, blob, request.signature):
        return False
    sshsig = b"SSHSIG" + struct.pack(">I", 1) + string(blob) + string(b"spa@postern") + string(b"") + string(b"sha512") + string(request.signature)
    with tempfile.TemporaryDirectory() as folder:
        allowed, armoured = os.path.join(folder, "allowed"), os.path.join(folder, "signature")
        with open(allowed, "w") as file:
            file.write(f"client {key_type} {base64.b64encode(blob).decode()}\n")
        with open(armoured, "w") as file:
            file.write("-----BEGIN SSH SIGNATURE-----\n" + base64.encodebytes(sshsig).decode() + "-----END SSH SIGNATURE-----\n")
        command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "client", "-n", "spa@postern", "-s", armoured]
        return subprocess.run(command, input=request.signed, capture_output=True, check=False).returncode == 0


# ---- §7, §8


def is_usable(address):
    if (v4 := address.ipv4_mapped) is not None:
        return not (v4.is_loopback or v4.is_multicast or int(v4) >> 24 == 0 or int(v4) >> 28 == 15)
    return int(address) >> 32 != 0 and not address.is_multicast


def plain(address):
    return address.ipv4_mapped or address


def is_in(address, networks):
    return any(plain(address) in ipaddress.ip_network(network) for network in networks)


def is_within(now, hours):
    """Mon-Fri 08:00-18:00 or Mon 08:00-18:00, in UTC, the end not included."""
    moment = datetime.datetime.fromtimestamp(now // SECOND, datetime.timezone.utc)
    days, times = hours.split(" ")
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    first, last = (names.index(day) for day in (days.split("-") * 2)[:2])
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in times.split("-"))
    return first <= moment.weekday() <= last and start <= moment.hour * 60 + moment.minute < end


class Key:
    def __init__(self, line):
        self.holder, self.type, text = line.split(" ")
        self.blob = base64.b64decode(text, validate=True)
        self.hint = hashlib.sha256(self.blob).digest()[:8]
        self.options = {}

    def list(self, option):
        return self.options[option].split(",") if option in self.options else None


class Gate:
    def __init__(self, fields):
        one = lambda name: fields[name][0]
        self.private, self.public, self.secret = (bytes.fromhex(one("gate-" + part)) for part in ("private", "public", "secret"))
        self.id = blake2b_256(self.public)[:8]
        self.skew = int(one("clock-skew")) * SECOND
        self.require = fields.get("require", [])
        self.services = {name: int(seconds) for name, seconds in (line.split(" ") for line in fields.get("service", []))}
        self.allow, self.deny, self.hours = (fields.get(name, []) for name in ("allow", "deny", "hours"))
        self.keys = [Key(line) for line in fields.get("key", [])]
        holders = {key.holder: key for key in self.keys}
        for line in fields.get("option", []):
            holder, option = line.split(" ", 1)
            name, _, value = option.partition("=")
            holders[holder].options[name] = value
        self.ledger = {}
        for line in fields.get("ledger", []):
            holder, device, time = line.split(" ")
            self.ledger[holders[holder].blob, bytes.fromhex(device)] = int(time)
        self.floor = int(one("ledger-lost")) + self.skew if "ledger-lost" in fields else -1
        self.request = None

    def judge(self, packet, now, source):
        """The grants. Raises Refused."""
        if len(packet) not in (320, 512, 1200):
            raise Refused("wrong-size")
        if (box := open_outer(self.secret, packet)) is None:
            raise Refused("junk")
        if (data := open_box(self.public, self.private, box)) is None:
            raise Refused("not-sealed-to-us")
        self.request = request = read_request(data)
        key = self.authenticate(request, now)
        address = ipaddress.IPv6Address(request.address)
        if not int(address):
            address = source
        self.decide(request, key, address, source, now)
        self.ledger[key.blob, request.device] = request.time
        return [self.grant(request, key, service, address) for service in request.services]

    def authenticate(self, request, now):
        hinted = [key for key in self.keys if key.hint == request.key_hint]
        if not hinted:
            raise Refused("unknown-key")
        key = next((key for key in hinted if is_signed_by(key.type, key.blob, request)), None)
        if key is None:
            raise Refused("bad-signature")
        if "revoked" in key.options:
            raise Refused("key-revoked")
        if "expires" in key.options and now >= int(key.options["expires"]):
            raise Refused("key-expired")
        if request.gate_id != self.id:
            raise Refused("wrong-gate")
        if request.time < now - self.skew:
            raise Refused("too-late")
        if request.time > now + self.skew:
            raise Refused("too-early")
        if request.time <= max(self.floor, self.ledger.get((key.blob, request.device), -1)):
            raise Refused("replayed")
        return key

    def decide(self, request, key, address, source, now):
        if not any(request.address) and ("address" in self.require or "require-address" in key.options):
            raise Refused("address-required")
        if not request.source_port and not request.close and ("source-port" in self.require or "require-source-port" in key.options):
            raise Refused("source-port-required")
        if not is_usable(address):
            raise Refused("unusable-address")
        if is_in(address, self.deny) or is_in(source, self.deny):
            raise Refused("address-denied")
        if self.allow and not is_in(address, self.allow):
            raise Refused("address-not-allowed")
        if self.hours and not any(is_within(now, hours) for hours in self.hours):
            raise Refused("outside-hours")
        if "from" in key.options and not is_in(address, key.list("from")):
            raise Refused("address-not-allowed")
        if "hours" in key.options and not any(is_within(now, hours) for hours in key.list("hours")):
            raise Refused("outside-hours")
        if "systems" in key.options and request.system not in [SYSTEMS[name] for name in key.list("systems")]:
            raise Refused("system-not-allowed")
        for service in request.services:
            if service not in (key.list("services") or []) and key.options.get("services") != "*":
                raise Refused("service-not-allowed")
            if service not in self.services:
                raise Refused("no-such-service")
        if request.data:
            raise Refused("data-not-taken")  # no service of a vector runs anything

    def grant(self, request, key, service, address):
        own = self.services[service]
        seconds = min(request.seconds or own, int(key.options.get("max", own)))
        return f"{service} {plain(address)} {request.source_port} {'close' if request.close else seconds}"


# ---- §9


def read_receipt(fields):
    packet = bytes.fromhex(fields["packet"][0])
    if len(packet) != 240:
        return None
    box = open_outer(bytes.fromhex(fields["gate-secret"][0]), packet)
    body = box and open_box(bytes.fromhex(fields["receipt-public"][0]), bytes.fromhex(fields["receipt-private"][0]), box)
    if not body:
        return None
    version, outcome, time, gate_time, address, seconds, size = struct.unpack(">BBQQ16sIB", body[:39])
    word = body[39 : 39 + size]
    if version != 1 or outcome > 2 or size > 32 or any(body[39 + size :]) or time != int(fields["request-time"][0]):
        return None
    if (outcome == 0) != (seconds > 0) or (outcome == 1) != (size > 0) or (size and not re.fullmatch(rb"[a-z]+(-[a-z]+)*", word)):
        return None
    return {
        "receipt-outcome": str(outcome), "receipt-gate-time": str(gate_time), "receipt-address": str(plain(ipaddress.IPv6Address(address))),
        "receipt-seconds-left": str(seconds), "receipt-word": word.decode() or "none",
    }


# ---- §12

KNOWN = set(
    "gate-private gate-public gate-secret clock-skew require service allow deny hours key option ledger ledger-lost earlier now source packet expect grant "
    "receipt-private receipt-public request-time nonce-mark".split()
)


def read_vector(path):
    fields = {}
    with open(path) as file:
        for line in file.read().splitlines():
            if line and not line.startswith("#"):
                name, colon, value = line.partition(":")
                if not colon or not (name in KNOWN or name.startswith(("request-", "receipt-"))):
                    raise ValueError(f"{path}: {line}")
                fields.setdefault(name, []).append(value.strip())
    return fields


def fields_of(request):
    if request is None:
        return {}
    address = ipaddress.IPv6Address(request.address)
    said = {
        "time": request.time, "gate-id": request.gate_id.hex(), "key-hint": request.key_hint.hex(),
        "address": plain(address) if int(address) else "none", "source-port": request.source_port, "seconds": request.seconds,
        "services": ",".join(request.services), "close": "yes" if request.close else "no", "device": request.device.hex(),
        "receipt-key": request.receipt_key.hex() if request.receipt_key else "none", "system": request.system, "signature": request.signature.hex(),
    }
    if request.data:
        said["data"] = request.data.decode()
    return {"request-" + name: str(value) for name, value in said.items()}


def outcome_of(fields):
    """What §12 expects of a vector, as we see it."""
    if "receipt-private" in fields:
        receipt = read_receipt(fields)
        return {"expect": ["accepted" if receipt else "refused"], **{name: [value] for name, value in (receipt or {}).items()}}
    gate = Gate(fields)
    now = int(fields["now"][0])
    text = ipaddress.ip_address(fields["source"][0].split(" ")[0])
    source = ipaddress.IPv6Address(bytes(10) + b"\xff\xff" + text.packed if text.version == 4 else text.packed)
    for packet in fields.get("earlier", []):
        gate.judge(bytes.fromhex(packet), now, source)
    gate.request = None
    mark = {"nonce-mark": [mark_of(gate.secret, bytes.fromhex(fields["packet"][0])).hex()]} if "nonce-mark" in fields else {}
    try:
        grants = {"grant": gate.judge(bytes.fromhex(fields["packet"][0]), now, source)}
        word = "accepted"
    except Refused as refused:
        grants, word = {}, str(refused)
    return {"expect": [word], **mark, **grants, **{name: [value] for name, value in fields_of(gate.request).items()}}


def normal(name, values):
    return [str(plain(ipaddress.IPv6Address(v))) if name == "request-address" and ":" in v else v for v in values]


def differences(fields):
    mine = outcome_of(fields)
    names = {name for name in fields if name in ("expect", "grant") or name.startswith("request-")}
    if "receipt-private" in fields:
        names = {name for name in fields if name == "expect" or name.startswith("receipt-")} - {"receipt-private", "receipt-public"}
    for name in sorted(names | set(mine)):
        expected, found = normal(name, fields.get(name, [])), normal(name, mine.get(name, []))
        if expected != found:
            yield f"{name}: expected {expected}, found {found}"


def main(arguments):
    verbose = "-v" in arguments
    paths = [argument for argument in arguments if argument != "-v"]
    wrong = 0
    for path in paths:
        fields = read_vector(path)
        found = list(differences(fields))
        wrong += bool(found)
        if verbose or found:
            print(os.path.basename(path), fields["expect"][0], *found, sep="\n  " if found else " ")
    print(f"{len(paths)} vectors, {wrong} not as expected")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
