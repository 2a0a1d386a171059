"""Runs one task on each node of the cluster and prints when each step was over, as seconds of the wall clock."""

import time

START = time.time()

import json
import os

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

IMPORTED = time.time()


@ray.remote(num_cpus=1)
def stamp():
    return time.time()


def alive():
    return [node["NodeID"] for node in ray.nodes() if node["Alive"]]


def main():
    ray.init(log_to_driver=False)
    connected = time.time()
    while len(alive()) < int(os.environ["IOG_NODES"]):
        time.sleep(0.05)
    joined = time.time()
    pending = [stamp.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote() for node in alive()]
    done = []
    while pending:
        ready, pending = ray.wait(pending)
        ray.get(ready)
        done.append(time.time())
    times = {"driverStarted": START, "imported": IMPORTED, "connected": connected, "nodesSeen": joined, "done": done}
    print("IOG_RESULT " + json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
