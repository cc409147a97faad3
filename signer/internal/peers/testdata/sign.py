"""Signs URLs with botocore: a task in JSON on standard input, URLs on standard output."""
import datetime
import json
import sys

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

task = json.load(sys.stdin)
key = serialization.load_pem_private_key(task["key"].encode(), password=None)


def sign(message):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA1())
    return key.sign(message, ec.ECDSA(hashes.SHA1()))


def moment(seconds):
    if seconds:
        return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def signed(case):
    expires, start = moment(case["expires"]), moment(case["notBefore"])
    if case["resource"] == case["url"] and not start and not case["ip"]:
        return signer.generate_presigned_url(case["url"], date_less_than=expires)
    policy = signer.build_policy(case["resource"], expires, start, case["ip"])
    return signer.generate_presigned_url(case["url"], policy=policy)


signer = CloudFrontSigner(task["keyPairId"], sign)
json.dump([signed(case) for case in task["cases"]], sys.stdout)
