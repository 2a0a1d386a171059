"""Keeps a Ray node on loopback, and brings it up sooner.

Ray turns 127.0.0.1 into the host's address and then listens on all interfaces; with IOG_LOOPBACK=1 it keeps 127.0.0.1.
A member that is started with its head looks for the head only every two seconds; with IOG_SOON=1 it looks every 0.1 s, for as long in all.

Python runs only the first sitecustomize that it finds, so the one of the host or of the environment is run from here.
"""

import os
import sys

LOOK_EVERY_S = 0.1
RAY_LOOKS_EVERY_S = 2
WAITS = {"internal_kv_get_with_retry": 20, "get_all_node_info_until_retrieved": 20}


def _keep_loopback(services):
    services.get_node_ip_address = lambda address=None: "127.0.0.1"
    services.node_ip_address_from_perspective = lambda address=None: "127.0.0.1"


def _look_sooner(utils):
    for name, tries in WAITS.items():
        wait = getattr(utils, name, None)
        if wait is not None:
            setattr(utils, name, _sooner(wait, tries))


def _sooner(wait, tries):
    """The same function with shorter sleeps, and so many more tries."""
    import time
    import types

    class Time:
        @staticmethod
        def sleep(seconds):
            time.sleep(min(seconds, LOOK_EVERY_S))

    names = {**wait.__globals__, "time": Time}
    hasty = types.FunctionType(wait.__code__, names, wait.__name__, wait.__defaults__, wait.__closure__)

    def looking(*values, num_retries=tries, **named):
        return hasty(*values, num_retries=round(num_retries * RAY_LOOKS_EVERY_S / LOOK_EVERY_S), **named)

    return looking


def _on_import(changes):
    """Runs each change on its module, right after that module has run."""
    import importlib.abc
    import importlib.machinery

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name, path=None, target=None):
            if name not in changes:
                return None
            change = changes.pop(name)
            if not changes:
                sys.meta_path.remove(self)
            spec = importlib.machinery.PathFinder.find_spec(name, path)
            if spec is None or spec.loader is None:
                return spec
            run = spec.loader.exec_module

            def exec_module(module):
                run(module)
                change(module)

            spec.loader.exec_module = exec_module
            return spec

    sys.meta_path.insert(0, Finder())


_changes = {}
if os.environ.get("IOG_LOOPBACK") == "1":
    _changes["ray._private.services"] = _keep_loopback
if os.environ.get("IOG_SOON") == "1":
    _changes["ray._private.utils"] = _look_sooner
if _changes:
    _on_import(_changes)


def _run_hidden():
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    spec = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if os.path.abspath(entry) != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


_run_hidden()
