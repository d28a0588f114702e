"""Postern's single packets, from spec/spa.md alone (and the ledger and key files, from the notes above their readers): fast, where ssh-keygen takes 10 ms a signature.

Needs libsodium.so.23, as the gate does.
"""
import base64, ctypes, hashlib, os, struct, time

SIZES = (320, 512, 1200)
_sodium = None


def sodium():
    global _sodium
    if _sodium is None:
        _sodium = ctypes.CDLL("libsodium.so.23")
        if _sodium.sodium_init() < 0:
            raise RuntimeError("libsodium does not start")
    return _sodium


def blake2b(data, size=32, key=b""):
    return hashlib.blake2b(data, digest_size=size, key=key).digest()


def string(data):
    return struct.pack(">I", len(data)) + data


class GateKeys:
    def __init__(self):
        self.private, self.secret = os.urandom(32), os.urandom(32)
        out = ctypes.create_string_buffer(32)
        sodium().crypto_scalarmult_base(out, self.private)
        self.public = out.raw
        self.id = blake2b(self.public)[:8]
        self.outer_key = blake2b(b"postern spa v1 outer", key=self.secret)
        self.mark_key = blake2b(b"postern spa v1 nonce", key=self.outer_key)[:16]

    def write(self, path):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(f"private: {base64.b64encode(self.private).decode()}\nsecret: {base64.b64encode(self.secret).decode()}\n")

    def invitation(self, host, service, port):
        short = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
        return f"postern://{host}/lab?v=1&g={short(self.public)}&s={short(self.secret)}&d={service}:{port}"

    def outer(self, box):
        """§3: the seal that all clients share."""
        nonce, out = os.urandom(16), ctypes.create_string_buffer(len(box) + 16)
        mark = ctypes.create_string_buffer(8)
        sodium().crypto_shorthash_siphash24(mark, nonce, ctypes.c_ulonglong(16), self.mark_key)
        nonce += mark.raw
        sodium().crypto_aead_xchacha20poly1305_ietf_encrypt(out, None, box, ctypes.c_ulonglong(len(box)), None, ctypes.c_ulonglong(0), None, nonce, self.outer_key)
        return nonce + out.raw

    def inner(self, request):
        out = ctypes.create_string_buffer(len(request) + 48)
        if sodium().crypto_box_seal(out, request, ctypes.c_ulonglong(len(request)), self.public):
            raise RuntimeError("cannot seal to the gate's key")
        return out.raw

    def insiders_junk(self, how, listed, size=320):
        """What somebody sends who knows the secret and has no key. `outer`: the gate has to try its own key, which opens nothing. `unlisted`: a whole request of a key that nobody
        listed, which comes as far as the warden. `forged`: the same with the hint of a listed key, whose signature the warden then checks."""
        if how == "outer":
            return self.outer(os.urandom(size - 40))
        hint = listed.hint if how == "forged" else os.urandom(8)
        signed = struct.pack(">BBQ", 1, 0, time.time_ns()) + self.id + hint + bytes(22) + b"\x01\x03ssh\x00"
        request = signed + struct.pack(">H", 83) + string(b"ssh-ed25519") + string(os.urandom(63) + b"\x00")
        return self.outer(self.inner(request.ljust(size - 88, b"\0")))


class ClientKey:
    """An Ed25519 SSH key."""

    def __init__(self, name):
        self.name = name
        public, private = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        sodium().crypto_sign_seed_keypair(public, private, os.urandom(32))
        self.public, self.private = public.raw, private.raw
        self.blob = string(b"ssh-ed25519") + string(self.public)
        self.hint = hashlib.sha256(self.blob).digest()[:8]
        self.line = f"ssh-ed25519 {base64.b64encode(self.blob).decode()} {name}"
        self.last = 0

    def sign(self, message):
        """§5: the blob of an OpenSSH signature."""
        data = b"SSHSIG" + string(b"spa@postern") + string(b"") + string(b"sha512") + string(hashlib.sha512(message).digest())
        out = ctypes.create_string_buffer(64)
        sodium().crypto_sign_detached(out, None, data, ctypes.c_ulonglong(len(data)), self.private)
        return string(b"ssh-ed25519") + string(out.raw)

    def request(self, gate, service, device):
        """§4, with a time that was never used before."""
        self.last = max(time.time_ns(), self.last + 1)
        head = struct.pack(">BBQ", 1, 0, self.last) + gate.id + self.hint + bytes(16) + struct.pack(">HI", 0, 0)
        signed = head + bytes([1, len(service)]) + service.encode() + bytes([1, 1, 4]) + struct.pack(">I", device)
        signature = self.sign(signed)
        return signed + struct.pack(">H", len(signature)) + signature

    def packet(self, gate, service="ssh", device=1, size=320):
        return gate.outer(gate.inner(self.request(gate, service, device).ljust(size - 88, b"\0")))

    def write(self, path):
        """As ssh-keygen writes it (PROTOCOL.key of OpenSSH), without a passphrase."""
        check = os.urandom(4)
        inner = check + check + self.blob + string(self.private) + string(self.name.encode())
        inner += bytes(range(1, 1 + -len(inner) % 8))
        data = b"openssh-key-v1\0" + string(b"none") + string(b"none") + string(b"") + struct.pack(">I", 1) + string(self.blob) + string(inner)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as f:
            f.write(f"-----BEGIN OPENSSH PRIVATE KEY-----\n{base64.encodebytes(data).decode()}-----END OPENSSH PRIVATE KEY-----\n")
        with open(path + ".pub", "w") as f:
            f.write(self.line + "\n")


def write_ledger(path, accepted):
    """A ledger in which so many keys that nobody else knows have each been accepted once, an hour ago (src/Postern.Warden/Ledger/LedgerFormat.cs)."""
    def sealed(record):
        return record + hashlib.sha256(record).digest()[:8]

    hour_ago = time.time_ns() - 3600 * 10**9
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
        f.write(sealed(struct.pack(">16sIIQ24x", b"postern ledger\0\0", 1, 0, hour_ago - 10**9)))
        for _ in range(accepted):
            f.write(sealed(struct.pack(">32sIB3xQ8x", os.urandom(32), 0, 1, hour_ago)))


def write_packets(path, packets):
    """For the flooder: each with its length before it."""
    with open(path, "wb") as f:
        for packet in packets:
            f.write(struct.pack(">H", len(packet)) + packet)
    return path
