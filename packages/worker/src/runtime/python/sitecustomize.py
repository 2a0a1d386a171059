"""Keeps a Ray node on loopback: Ray turns 127.0.0.1 into the host's address and then listens on all interfaces; here it keeps 127.0.0.1.

Python runs only the first sitecustomize that it finds, so the one of the host or of the environment is run from here.
"""

import os
import sys

if os.environ.get("IOG_LOOPBACK") == "1":
    import importlib.abc
    import importlib.machinery

    TARGET = "ray._private.services"

    class _KeepLoopback(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name != TARGET:
                return None
            sys.meta_path.remove(self)
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            if spec is None or spec.loader is None:
                return spec
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                module.get_node_ip_address = lambda address=None: "127.0.0.1"
                module.node_ip_address_from_perspective = lambda address=None: "127.0.0.1"

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, _KeepLoopback())


def _run_hidden():
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if os.path.abspath(entry) != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


_run_hidden()
