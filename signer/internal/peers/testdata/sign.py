"""Signs URLs with botocore. It reads a task in JSON and writes URLs.

With --times, the first line is the task and each line after it a number. The program
signs as many URLs of the task, in a circle from the first one, and prints the
nanoseconds it took.
"""
import datetime
import itertools
import json
import sys
import time

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

task = json.loads(sys.stdin.readline())
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
if "--times" not in sys.argv:
    json.dump([signed(case) for case in task["cases"]], sys.stdout)
else:
    for line in iter(sys.stdin.readline, ""):
        cases = itertools.islice(itertools.cycle(task["cases"]), int(line))
        start = time.perf_counter_ns()
        for case in cases:
            signed(case)
        print(time.perf_counter_ns() - start, flush=True)
