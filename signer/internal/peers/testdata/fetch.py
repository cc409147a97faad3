"""Asks for URLs with requests, each after its mark, all at one address."""
import json
import sys

import requests
import urllib3.util.connection

task = json.load(sys.stdin)
host, port = task["address"].split(":")
create_connection = urllib3.util.connection.create_connection


def connect(address, *args, **kwargs):
    return create_connection((host, int(port)), *args, **kwargs)


urllib3.util.connection.create_connection = connect
session = requests.Session()
session.trust_env = False
for i, url in enumerate(task["urls"]):
    session.get(f"http://{task['address']}/mark/{i}")
    try:
        session.get(url, allow_redirects=False)
    except (requests.RequestException, UnicodeError):
        pass  # it refuses to send this one
