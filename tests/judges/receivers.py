"""Receivers that others have written, for the tests: a mail server (aiosmtpd), a web server that checks signatures and
fails on purpose, and a push endpoint that decrypts (http-ece) and asks who sends (VAPID, by cryptography).

Usage: receivers.py SECRET ; prints one JSON object a line: first where it listens, then whatever arrives.

Web paths: /hook takes, /flaky fails twice for each key, /down fails until somebody asks GET /up, /hang never answers,
/refuse says no for ever, /push/NAME takes web push.
"""

import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import sys
import threading

import http_ece
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

SECRET = sys.argv[1].encode()
KEY = ec.generate_private_key(ec.SECP256R1())
AUTH = b"sixteen bytes :)"
lock = threading.Lock()
tries: dict[str, int] = {}
up = threading.Event()


def say(what):
    with lock:
        print(json.dumps(what, ensure_ascii=False), flush=True)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signature_is_good(headers, body):
    parts = dict(part.split("=", 1) for part in headers.get("x-bongsu-signature", "t=0,v1=").split(","))
    mac = hmac.new(SECRET, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(mac, parts["v1"])


def proof(headers, origin):
    """What a sender proves of itself, where it does."""
    fields = dict(part.strip().split("=", 1) for part in headers["authorization"].removeprefix("vapid ").split(","))
    signed, _, signature = fields["t"].rpartition(".")
    raw = unb64(signature)
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(fields["k"]))
    key.verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(unb64(signed.split(".")[1]))
    assert claims["aud"] == origin, claims
    return claims


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self):
        up.set()
        self.answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        key = self.headers.get("idempotency-key", "")
        got = {"path": self.path, "key": key}
        if self.path.startswith("/push/"):
            try:
                got["claims"] = proof(self.headers, f"http://127.0.0.1:{self.server.server_port}")
                text = http_ece.decrypt(body, private_key=KEY, auth_secret=AUTH, version="aes128gcm")
                got["body"] = json.loads(text)
                for name in ("ttl", "urgency", "topic", "content-encoding"):
                    got[name] = self.headers.get(name)
                status = 201
            except Exception as error:  # whatever is wrong is what the test wants to read
                got["wrong"], status = repr(error), 400
        else:
            got["body"] = json.loads(body)
            with lock:
                tries[self.path + key] = tries.get(self.path + key, 0) + 1
                got["attempt"] = tries[self.path + key]
            if not signature_is_good(self.headers, body):
                got["wrong"], status = "signature", 401
            elif self.path == "/flaky":
                status = 503 if got["attempt"] <= 2 else 200
            elif self.path == "/down":
                status = 200 if up.is_set() else 503
            else:
                status = 410 if self.path == "/refuse" else 200
        got["status"] = status
        say(got)
        if self.path == "/hang":
            threading.Event().wait()
        self.answer(status)


class Mail:
    async def handle_DATA(self, _server, _session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "path": "mail",
            "to": envelope.rcpt_tos,
            "subject": letter["subject"],
            "body": letter.get_content().replace("\r\n", "\n"),
            "key": letter["idempotency-key"],
            "unsubscribe": letter["list-unsubscribe"],
            "one_click": letter["list-unsubscribe-post"],
            "id": letter["message-id"],
        })
        return "250 taken"


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """Whoever was killed in the middle of a request has hung up: nothing arrived."""


web = Server(("127.0.0.1", 0), Web)
web.daemon_threads = True
threading.Thread(target=web.serve_forever, daemon=True).start()


async def main():
    loop = asyncio.get_running_loop()
    controller = Controller(Mail(), hostname="127.0.0.1", port=0)
    server = await loop.create_server(controller.factory, "127.0.0.1", 0)
    public = KEY.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    say({
        "mail": server.sockets[0].getsockname()[1],
        "web": f"http://127.0.0.1:{web.server_port}",
        "keys": {"p256dh": b64(public), "auth": b64(AUTH)},
    })
    # Whoever started it closes its standard input when it is no longer wanted.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
