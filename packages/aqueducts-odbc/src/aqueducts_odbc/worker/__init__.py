"""The process that a driver runs in.

Drivers are native code of all kinds: some crash, some hang, none can be told to stop, and a wrong
buffer ends the process. So every connection has a process of its own, which can be given up at any
time. `wire` is what both processes say, `process` the side of the run, `driver_side` the other.
"""
