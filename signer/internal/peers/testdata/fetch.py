"""Requests URLs with the named client, each after its mark, all at one address.

It reads the address and the URLs as JSON. It skips a URL that the client refuses.
"""
import asyncio
import json
import socket
import sys
import urllib.request

task = json.load(sys.stdin)
host, port = task["address"].split(":")
connect = socket.socket.connect

# Every host resolves to the one address.
socket.getaddrinfo = lambda *args, **kwargs: [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, int(port)))]
socket.socket.connect = lambda self, address: connect(self, (host, int(port)))


def with_requests():
    import requests

    session = requests.Session()
    session.trust_env = False
    return lambda url: session.get(url, allow_redirects=False)


def with_httpx():
    import httpx

    return httpx.Client(trust_env=False).get


def with_urllib():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return lambda url: opener.open(url).close()


def with_aiohttp():
    import aiohttp

    loop = asyncio.new_event_loop()

    async def open_session():
        return aiohttp.ClientSession()

    session = loop.run_until_complete(open_session())

    async def get(url):
        async with session.get(url, allow_redirects=False) as response:
            await response.read()

    return lambda url: loop.run_until_complete(get(url))


clients = {"requests": with_requests, "httpx": with_httpx, "urllib": with_urllib, "aiohttp": with_aiohttp}
get = clients[sys.argv[1]]()
for i, url in enumerate(task["urls"]):
    get(f"http://{task['address']}/mark/{i}")
    try:
        get(url)
    except Exception:  # each library has errors of its own
        pass
