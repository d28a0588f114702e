#!/usr/bin/env python3
"""Knocks as knockknock does, by a profile of that program (spec/knocks.md §6). Needs root, and openssl, in whose arguments the key stands for a moment.

    knock-knockknock.py PROFILE-FOLDER HOST PORT
"""
import base64, configparser, hmac, os, socket, struct, subprocess, sys


def encrypt_block(key, block):
    command = ["openssl", "enc", "-aes-128-ecb", "-nopad", "-K", key.hex()]
    return subprocess.run(command, input=block, stdout=subprocess.PIPE, check=True).stdout


def fields(cipher_key, mac_key, counter, port):
    wish = struct.pack("!H", port)
    text = wish + hmac.new(mac_key, wish, "sha1").digest()[:10]
    stream = encrypt_block(cipher_key, struct.pack("!IIII", 0, 0, 0, counter))
    return struct.unpack("!HIIH", bytes(a ^ b for a, b in zip(text, stream)))


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def segment(source, target, source_port, knock_port, fields):
    _, sequence, acknowledgment, window = fields
    header = struct.pack("!HHIIBBH", source_port, knock_port, sequence, acknowledgment, 5 << 4, 2, window)
    pseudo = source + target + struct.pack("!HH", socket.IPPROTO_TCP, 20)
    return header + struct.pack("!HH", checksum(pseudo + header + bytes(4)), 0)


def take_counter(path):
    """One that was never taken before: the next stands in the file before this one is sent."""
    with open(path, "r+") as file:
        counter = int(file.readline())
        file.seek(0)
        file.write("%d\n" % (counter + 1))
        file.flush()
        os.fsync(file.fileno())
    return counter


folder, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = configparser.ConfigParser()
config.read(os.path.join(folder, "config"))
keys = [base64.b64decode(open(os.path.join(folder, name)).readline()) for name in ("cipher.key", "mac.key")]
header = (0,)
while header[0] == 0:  # a kernel would write a number of its own there
    header = fields(*keys, take_counter(os.path.join(folder, "counter")), port)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
    way.connect((host, 9))
    source, target = socket.inet_aton(way.getsockname()[0]), socket.inet_aton(way.getpeername()[0])
packet = struct.pack("!BBHHHBBH", 0x45, 0, 40, header[0], 0, 64, socket.IPPROTO_TCP, 0) + source + target
packet += segment(source, target, 1024 + os.getpid() % 60000, config.getint("main", "knock_port"), header)
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as wire:
    wire.sendto(packet, (socket.inet_ntoa(target), 0))
