"""A hyper-parameter search on scikit-learn's digits: one Ray task for each point of the grid, spread over all nodes of the cluster."""

import collections
import itertools
import json
import os
import time

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

GRID = list(itertools.product([0.1, 1.0, 10.0, 100.0], [1e-4, 5e-4, 1e-3, 5e-3]))
NODES_WITHIN_S = 60


@ray.remote(num_cpus=1, max_retries=3, scheduling_strategy="SPREAD")
def trial(c, gamma):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import cross_val_score
    from sklearn.svm import SVC

    features, labels = load_digits(return_X_y=True)
    accuracy = cross_val_score(SVC(C=c, gamma=gamma), features, labels, cv=3).mean()
    node = os.environ.get("IOG_LEASE") or ray.get_runtime_context().get_node_id()
    return float(accuracy), c, gamma, node


def wait_for_nodes(wanted):
    until = time.monotonic() + NODES_WITHIN_S
    while len([node for node in ray.nodes() if node["Alive"]]) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    print(f"{len(alive)} nodes are up" + (f", {wanted} were wanted" if len(alive) < wanted else ""), flush=True)
    return alive


def place(index, nodes):
    """Each node gets one of the first trials, so that all of them work; Ray spreads the rest."""
    return NodeAffinitySchedulingStrategy(nodes[index], soft=True) if index < len(nodes) else "SPREAD"


def main():
    ray.init(log_to_driver=False)
    began = time.monotonic()
    nodes = wait_for_nodes(int(os.environ.get("IOG_NODES", "1")))
    pending = [trial.options(scheduling_strategy=place(index, nodes)).remote(c, gamma) for index, (c, gamma) in enumerate(GRID)]
    done = []
    while pending:
        ready, pending = ray.wait(pending)
        for accuracy, c, gamma, node in ray.get(ready):
            done.append((accuracy, c, gamma, node))
            print(f"trial {len(done):2d}/{len(GRID)}  C={c:<6} gamma={gamma:<7} accuracy={accuracy:.4f}  on {node[-6:]}", flush=True)
    accuracy, c, gamma, _ = max(done)
    per_node = dict(collections.Counter(node for *_, node in done))
    print(f"best: accuracy {accuracy:.4f} with C={c} gamma={gamma}, {len(done)} trials in {time.monotonic() - began:.1f} s", flush=True)
    print("tasks per node: " + ", ".join(f"{node[-6:]} {count}" for node, count in sorted(per_node.items())), flush=True)
    result = {"accuracy": accuracy, "parameters": {"C": c, "gamma": gamma}, "tasksPerNode": per_node}
    print("IOG_RESULT " + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
