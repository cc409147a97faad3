"""Signs URLs and cookies for a deployment of signedfront.

boto3's own CloudFrontSigner signs only URLs, with RSA and SHA-1. To use it, give the
deployment such a key in cdk.json:

    "signingKeys": {"keys": {"1": {"algorithm": "rsa-2048", "hash": "sha1"}}}

In an existing deployment such a key is a new key generation: add it as "2", and
make it current in a later deployment, as in a rotation.

This program signs with the key of any deployment, including the default, P-256 with
SHA-256. It reads the deployment document from Systems Manager and the private key
from Secrets Manager with boto3, and signs with cryptography. It follows rotations,
a lender's too, as ../DEPLOYMENT.md requires.

    pip install boto3 cryptography
    echo url 600 albums/7/rt.png | python sign.py /signedfront/signedfront/dev
    echo cookies 600 albums/7/ | python sign.py /signedfront/signedfront/dev

The Region is AWS_REGION or else boto3's; the credentials are boto3's, such as those
of AWS_PROFILE. In your own program:

    from sign import Signer
    signer = Signer("/signedfront/signedfront/dev")
    url = signer.url("albums/7/rt.png", 600)
"""
import base64
import hashlib
import json
import logging
import os
import re
import sys
import threading
import time
from typing import NamedTuple
from urllib.parse import quote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

log = logging.getLogger(__name__)

# At level DEBUG, botocore logs whole responses, including the private key.
logging.getLogger("botocore.parsers").setLevel(logging.INFO)

# The grammar of the string members, from DEPLOYMENT.md. Members that this program
# does not use, such as trustedKeys, are ignored.
REGION = "[a-z]+(-[a-z]+)+-[0-9]+"
ARN = "arn:aws(-[a-z]+)*:%s:" + REGION + ":[0-9]{12}:%s"
PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
STRINGS = {
    "baseUrl": r"(https://(?!.*:443\Z)|http://(?!.*:80\Z))[a-z0-9_-]+([.][a-z0-9_-]+)*(:" + PORT + ")?",
    "keyPairId": "[A-Z0-9]{1,32}",
    "algorithm": "ecdsa-p256|rsa-2048",
    "hash": "sha256|sha1",
    "publicKeySha256": "[0-9a-f]{64}",
    "region": REGION,
    "key.secretArn": ARN % ("secretsmanager", "secret:[A-Za-z0-9/_+=.@-]{1,519}"),
    "key.secretVersionId": "[A-Za-z0-9-]{1,64}",
    "key.kmsArn": ARN % ("kms", "(key/[A-Za-z0-9-]{1,256}|alias/[A-Za-z0-9/_-]{1,250})"),
    "key.file": r"[^\0-\x1f\x7f]{1,4096}",
    "key.parameter": r"(?=.{2,1011}\Z)(/[A-Za-z0-9_.-]+)+",
}
OF_THE_KEY = ("keyPairId", "algorithm", "hash", "publicKeySha256")
LOCATIONS = ("secretArn", "kmsArn", "file", "parameter")


class Refused(Exception):
    """The error of all refusals. Its text quotes neither a key nor a document."""


def matches(name, value):
    return isinstance(value, str) and re.fullmatch(STRINGS[name], value) is not None


def whole(value):
    return type(value) is int  # bool is an int too


def parse(text):
    """Parses a deployment document. Its errors quote no text of the document, which
    may hold a private key by mistake."""
    try:
        d = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("not JSON") from None  # the error holds the text
    if not isinstance(d, dict) or not whole(d.get("schema")) or d["schema"] < 1:
        raise Refused("schema: want a JSON object whose schema is 1")
    if d["schema"] > 1:
        raise Refused(f"schema: {d['schema']} is newer than this program reads: update the program")
    key = d.get("key")
    if not isinstance(key, dict) or sum(name in key for name in LOCATIONS) != 1:
        raise Refused(f"key: want exactly one of {', '.join(LOCATIONS)}")
    if ("secretArn" in key) != ("secretVersionId" in key):
        raise Refused("key: secretArn and secretVersionId go together")
    for name in STRINGS:
        of, member = (key, name[4:]) if name.startswith("key.") else (d, name)
        optional = of is key or name == "region"
        if (member not in of and optional) or ("parameter" in key and name in OF_THE_KEY):
            continue
        if not matches(name, of.get(member)):
            raise Refused(f"{name}: does not match the format in DEPLOYMENT.md")
    for name in ("maxUrlLifetime", "maxKeyAge"):
        if not whole(d.get(name, 0)) or d.get(name, 0) < 0:
            raise Refused(f"{name}: want whole seconds, 0 or more")
    return d


def check(d, place):
    """Refuses a document that names a key outside the place of its parameter."""
    partition, region, account = place.split(":")  # aws:eu-west-1:111122223333
    if d.get("region", region) != region:
        raise Refused(f"region: want {region}, the Region of the parameter")
    for name, service in (("secretArn", "secretsmanager"), ("kmsArn", "kms")):
        own = f"arn:{partition}:{service}:{region}:{account}:"
        if not d["key"].get(name, own).startswith(own):
            raise Refused(f"key.{name}: not in the partition, Region and account of the parameter, {place}")


def borrow(d, lender):
    """Returns a borrower's document with the lender's key members."""
    if "parameter" in lender["key"]:
        raise Refused("key.parameter: the lender borrows its key itself: borrow from its lender")
    borrowed = d | {name: lender[name] for name in (*OF_THE_KEY, "key")}
    for name in ("maxUrlLifetime", "maxKeyAge"):
        a, b = d.get(name, 0), lender.get(name, 0)
        borrowed[name] = min(a, b) if a and b else a or b
    return borrowed


def encode(data):
    """Encodes bytes in CloudFront's variant of base64."""
    return base64.b64encode(data).translate(bytes.maketrans(b"+=/", b"-_~")).decode()


def escape(key):
    """Writes an object key as most clients send it unchanged."""
    return quote(key, safe="-._~/!$&(),:;=@")


def has_dots(key):
    return any(part in (".", "..") for part in key.split("/"))


class State(NamedTuple):
    """The document and the private key, and when their reading began."""

    document: dict
    key: object
    wall: float
    steady: float

    def age(self):
        """Returns how many seconds ago the key was confirmed.

        The wall clock also counts the time that a machine or a function was frozen.
        Nobody can set back the monotonic clock. The longer time of the two counts.
        """
        return max(time.time() - self.wall, time.monotonic() - self.steady)

    def stale(self):
        """Returns whether the document must be read again before signing.

        It is also true if the clock was set back by more than a minute.
        """
        limit = self.document.get("maxKeyAge", 0)
        return limit > 0 and (self.age() > limit or time.time() < self.wall - 60)

    def interval(self):
        """Returns the seconds between two readings."""
        limit = self.document.get("maxKeyAge", 0)
        return min(limit / 4, 3600) if limit else 900

    def sign(self, message):
        algorithm = {"sha256": hashes.SHA256, "sha1": hashes.SHA1}[self.document["hash"]]()
        if isinstance(self.key, rsa.RSAPrivateKey):
            signature = self.key.sign(message, padding.PKCS1v15(), algorithm)
        else:
            signature = self.key.sign(message, ec.ECDSA(algorithm))
        return encode(signature)

    def expiry(self, seconds):
        if not whole(seconds) or seconds < 1:
            raise Refused("the seconds: want a whole number above 0")
        limit = self.document.get("maxUrlLifetime", 0)
        if limit and seconds > limit:
            raise Refused(f"{seconds} seconds: the deployment allows at most {limit} (maxUrlLifetime)")
        expires = int(time.time()) + seconds
        if expires > 253402300799:
            raise Refused("the seconds: the expiry is after the year 9999")
        return expires


def policy(resource, expires):
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    statement = {"Statement": [{"Resource": resource, "Condition": condition}]}
    return json.dumps(statement, separators=(",", ":")).encode()


class Signer:
    """Signs for the deployment whose document is in a parameter.

    Threads may share a Signer.
    """

    def __init__(self, parameter):
        bounds = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
        region = os.environ.get("AWS_REGION") or None  # boto3 reads AWS_DEFAULT_REGION alone
        self._parameter = parameter
        try:
            self._ssm = boto3.client("ssm", region_name=region, config=bounds)
            self._secrets = boto3.client("secretsmanager", region_name=region, config=bounds)
        except (BotoCoreError, ValueError) as error:  # such as no Region
            raise Refused(str(error)) from None
        self._reading = threading.Lock()
        self._failed = (-1.0, None)  # when and why the last reading failed
        self._state = None
        self._read()

    def url(self, object_key, seconds):
        """Returns the signed URL of the object with this key, valid for the given seconds."""
        if not 1 <= len(object_key.encode()) <= 1024 or object_key.startswith("/") or has_dots(object_key):
            raise Refused('the object key: want 1 to 1,024 bytes, no slash at the start and no part "." or ".."')
        state = self._current()
        url = f"{state.document['baseUrl']}/{escape(object_key)}"
        expires = state.expiry(seconds)
        signature = state.sign(policy(url, expires))
        hash_algorithm = "&Hash-Algorithm=SHA256" if state.document["hash"] == "sha256" else ""
        return f"{url}?Expires={expires}&Signature={signature}&Key-Pair-Id={state.document['keyPairId']}{hash_algorithm}"

    def cookies(self, prefix, seconds):
        """Returns the values, by name, of the cookies that open every object whose key
        starts with prefix, valid for the given seconds.

        The prefix is empty or ends in a slash. Set the cookies Secure and HttpOnly, for
        a Domain that covers the content's host.
        """
        if (prefix and not prefix.endswith("/")) or prefix.startswith("/") or has_dots(prefix):
            raise Refused('the prefix: want a slash at the end, none at the start and no part "." or ".."')
        state = self._current()
        text = policy(f"{state.document['baseUrl']}/{escape(prefix)}*", state.expiry(seconds))
        return {
            "CloudFront-Policy": encode(text),
            "CloudFront-Signature": state.sign(text),
            "CloudFront-Key-Pair-Id": state.document["keyPairId"],
            # For SHA-1 too: replaces the hash of an earlier key in the browser.
            "CloudFront-Hash-Algorithm": state.document["hash"].upper(),
        }

    def _current(self):
        """Returns what to sign with.

        One thread reads when a reading is due. The others use the present key until
        maxKeyAge. It repeats a reading that failed.
        """
        state = self._state
        stale = state.stale()
        if stale or state.age() >= state.interval():
            if self._reading.acquire(blocking=stale):
                try:
                    if self._state is state:
                        self._read_again(state)
                except Refused as error:
                    if stale:
                        raise
                    log.warning("%s; signing goes on with the present key", error)
                finally:
                    self._reading.release()
        if self._state.stale():
            raise Refused("reading the deployment document took longer than its maxKeyAge")
        return self._state

    def _read_again(self, state):
        """Reads, unless a reading has just failed: an outage causes no flood of requests."""
        pause = 1 if state.stale() else max(1, state.interval() / 10)
        at, error = self._failed
        if error is not None and time.monotonic() - at < pause:
            if state.stale():
                raise Refused(str(error))
            return
        try:
            self._read()
        except Refused as failure:
            self._failed = (time.monotonic(), failure)
            raise

    def _read(self):
        wall, steady = time.time(), time.monotonic()
        document, place = self._document(self._parameter)
        if "parameter" in document["key"]:
            lender, at = self._document(document["key"]["parameter"])
            if at != place:
                raise Refused(f"{document['key']['parameter']}: the lender is not in {place}")
            document = borrow(document, lender)
        if self._state is not None and self._state.document == document:
            key = self._state.key
        else:
            key = self._key(document)
        self._state = State(document, key, wall, steady)

    def _document(self, name):
        if not matches("key.parameter", name):
            raise Refused("the name of the parameter: want one such as /signedfront/signedfront/dev")
        parameter = call(self._ssm.get_parameter, name, Name=name).get("Parameter", {})
        place = re.fullmatch("arn:([a-z-]+:)ssm:([a-z0-9-]+:[0-9]{12}):parameter(/.*)", parameter.get("ARN", ""))
        if place is None or place[3] != name:
            raise Refused(f"{name}: Systems Manager returned another parameter")
        try:
            document = parse(parameter.get("Value", ""))
            check(document, place[1] + place[2])
        except Refused as error:
            raise Refused(f"{name}: the deployment document: {error}") from None
        return document, place[1] + place[2]

    def _key(self, document):
        arn, key_pair_id = document["key"].get("secretArn"), document["keyPairId"]
        if arn is None:
            raise Refused("key: this program signs only with keys in Secrets Manager")
        secret = call(self._secrets.get_secret_value, arn, SecretId=arn, VersionId=document["key"]["secretVersionId"])
        try:
            key = serialization.load_pem_private_key(secret["SecretString"].encode(), password=None)
        except Exception:  # it raises many types
            raise Refused(f"{arn}: holds no private key in PEM") from None
        spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        if hashlib.sha256(spki).hexdigest() != document["publicKeySha256"]:
            raise Refused(f"the private key does not match key pair id {key_pair_id}: the SHA-256 of its public key is not publicKeySha256")
        if isinstance(key, rsa.RSAPrivateKey) != (document["algorithm"] == "rsa-2048"):
            raise Refused(f"the private key of {key_pair_id} is not {document['algorithm']}")
        return key


def call(operation, name, **arguments):
    """Calls AWS. The error quotes AWS only for a refusal by AWS: other errors may hold
    a part of the response, which may be the key."""
    try:
        return operation(**arguments)
    except ClientError as error:
        reason = error.response.get("Error", {})
        raise Refused(f"reading {name}: {reason.get('Code')}: {reason.get('Message')}") from None
    except Exception as error:
        raise Refused(f"reading {name}: {type(error).__name__}") from None


def main():
    """Signs for each line of standard input, such as "url 600 albums/7/rt.png"."""
    signer = Signer(sys.argv[1] if len(sys.argv) > 1 else "")
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    status = 0
    for number, line in enumerate(sys.stdin, 1):
        try:
            if "\ufffd" in line:
                raise Refused("not UTF-8")
            asked = re.fullmatch("(url|cookies) ([0-9]{1,15}) (.*)", line.removesuffix("\n").removesuffix("\r"))
            if asked is None:
                raise Refused("want url SECONDS KEY, or cookies SECONDS PREFIX/")
            if asked[1] == "url":
                print(signer.url(asked[3], int(asked[2])), flush=True)
            else:
                cookies = signer.cookies(asked[3], int(asked[2]))
                print("; ".join("=".join(pair) for pair in cookies.items()), flush=True)
        except Refused as error:
            print(f"line {number}: {error}", file=sys.stderr, flush=True)
            status = 1
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as error:
        sys.exit(str(error))
