"""redis-py: a cluster client writes, a plain client of a follower reads it at once, in pipelines and transactions."""

import os
import sys
import threading
import time

import redis
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException

PATIENCE = 40  # seconds
PASSING = ("CLUSTERDOWN", "UNCERTAIN", "LOADING")
LEAST = 100


def parse(addresses):
    return [(host, int(port)) for host, port in (a.split(":") for a in addresses.split(","))]


def until_done(step):
    """Tries a step that may be done twice again while it fails as it may during a take-over."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return step()
        except (redis.RedisError, OSError) as error:
            refused = isinstance(error, redis.ResponseError) and not str(error).startswith(PASSING)
            if refused or time.monotonic() > end:
                raise
            time.sleep(0.02)


def main():
    def connected():
        nodes = [ClusterNode(host, port) for host, port in parse(os.environ["NODES"])]
        return RedisCluster(startup_nodes=nodes, decode_responses=True)

    cluster = until_done(connected)

    def write(n):
        # A client whose first node is gone cannot find the others (redis-py 4.3 copies that node's lock), and tells it by an error of no common kind.
        nonlocal cluster
        try:
            cluster.hset(f"redis-py:{n}", mapping={"number": n, "square": n * n})
        except RedisClusterException as error:
            cluster = connected()
            raise redis.ConnectionError(str(error)) from error

    host, port = parse(os.environ["FOLLOWERS"])[0]
    reader = redis.Redis(host, port, decode_responses=True)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), over.set()), daemon=True).start()

    def unit(n):
        until_done(lambda: write(n))
        fields = until_done(lambda: reader.hgetall(f"redis-py:{n}"))
        assert fields == {"number": str(n), "square": str(n * n)}, fields
        added = until_done(lambda: reader.pipeline(transaction=True).sadd("redis-py:all", n).scard("redis-py:all").execute())
        assert added[1] == n + 1, (n, added)

    count = 0
    while count < LEAST:
        unit(count)
        count += 1
    print("halfway", flush=True)
    while not over.is_set():
        unit(count)
        count += 1
    for _ in range(LEAST):
        unit(count)
        count += 1
    found = sum(1 for _ in reader.scan_iter("redis-py:[0-9]*", count=1000))
    assert found == count, (found, count)
    print(f"{count} hashes")


main()
