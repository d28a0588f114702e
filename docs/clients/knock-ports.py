#!/usr/bin/env python3
"""Knocks by method ports (spec/knocks.md §4): knock-ports.py HOST SECRET-IN-HEX [--first PORT] [--service NAME] [--data TEXT] [--bind ADDRESS] [--udp | --tcp]

Needs no right and no library. --at and --chance make the same token again, and --show prints its ports and sends nothing.
"""
import argparse, hashlib, hmac, ipaddress, os, random, socket, struct, time

TOKEN, PARITY = 16, 8
EXP, LOG = [0] * 512, [0] * 256  # GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1, as in QR codes
x = 1
for i in range(255):
    EXP[i] = EXP[i + 255] = x
    LOG[x] = i
    x = x << 1 ^ (0x11D if x & 0x80 else 0)

def multiply(a, b):
    return EXP[LOG[a] + LOG[b]] if a and b else 0

def parity(data):
    generator = [1]
    for i in range(PARITY):
        generator = [a ^ multiply(b, EXP[i]) for a, b in zip(generator + [0], [0] + generator)]
    rest = list(data) + [0] * PARITY
    for i in range(len(data)):
        for j in range(1, PARITY + 1):
            rest[i + j] ^= multiply(generator[j], rest[i])
    return bytes(rest[len(data):])

def token(secret, made, service, chance, address, data):
    mac = lambda *parts: hmac.new(secret, b"".join(parts), hashlib.sha256).digest()
    mask = lambda text, label: bytes(a ^ b for a, b in zip(text, mac(label, tag)))
    code = max(1, struct.unpack(">H", hashlib.sha256(service.encode()).digest()[:2])[0]) if service else 0
    head = struct.pack(">BIHB", len(data) << 3 | (3 if address else 1), made & 0xFFFFFFFF, code, chance)
    bound = bytes(16)
    if address:
        ip = ipaddress.ip_address(address)
        bound = (bytes(10) + b"\xff\xff" + ip.packed)[-16:]
    tag = mac(b"postern ports v1 mac", head, bound, data)[:8]
    return mask(head, b"postern ports v1 mask") + tag + mask(data, b"postern ports v1 data")

def send(host, port, udp):
    family, _, _, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as s:
        s.setblocking(False)
        s.sendto(b"\0", target) if udp else s.connect_ex(target)  # one SYN; the port is closed, and that is fine

parser = argparse.ArgumentParser()
[parser.add_argument(name, default="") for name in ("host", "secret", "--service", "--bind", "--data")]
usual = {"--first": 20000, "--at": int(time.time()), "--chance": os.urandom(1)[0]}
[parser.add_argument(name, type=int, default=value) for name, value in usual.items()]
[parser.add_argument(name, action="store_true") for name in ("--udp", "--tcp", "--show")]
options = parser.parse_args()
word = token(bytes.fromhex(options.secret), options.at, options.service, options.chance, options.bind, options.data.encode())
parts = [part + parity(part) for part in (word[:TOKEN], word[TOKEN:]) if part]
ports = [options.first + 256 * place + value for place, value in enumerate(b"".join(parts))]
if options.show:
    print(word.hex(), *ports)
for port in random.sample(ports, 0 if options.show else len(ports)):
    send(options.host, port, options.udp or (not options.tcp and random.random() < 0.5))
    time.sleep(0.002)
