"""What can be measured, each a module with NAME and `measure(bench)`, in the order of the table. Those that want stores in
memory are the last: engines are started once more for them."""

from . import api, build, exec_, footprint, growth, http, network, parallel, runtime, start, store

ALL = {module.NAME: module for module in (runtime, start, http, exec_, growth, parallel, network, api, footprint, store, build)}
