"""Runs a candidate's handler in an interpreter of its own, with the network replaced at botocore's `before-send`.

A script: no module of this project is on its path.

    python -I -S -B runner.py HANDLER EVENTS MODE ARGUMENT DIRECTORY...

HANDLER is a dotted path, such as `package.module.function`. EVENTS is a JSON file: {"item": ..., "events": {"get":
[event, expected fields], ...}}. The directories become sys.path. Modes and their arguments:

    cold NAME               handles one event in a new process and writes "done"
    warm ""                 reads lines of `NAME COUNT`; writes the nanoseconds of each call as a JSON list
    peak NAME,NAME          handles each event 300 times and writes the peak of resident memory in KiB
    allocations NAME@TOOLS  writes the number of memory allocations of a warm call, counted by memray in TOOLS
"""

import importlib.util
import io
import json
import os
import sys
import time

handler_path, events_file, mode, argument = sys.argv[1:5]
sys.path[:0] = sys.argv[5:]
if mode == "allocations":
    argument, tools = argument.split("@")
    sys.path.append(tools)

# Candidates log to stdout, as Lambda expects. Discard the log and write results to a copy of the stream.
result_stream = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class FakeRawResponse:
    """The part of a urllib3 response that botocore reads."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def stream(self):
        yield self._content.read()


def stub_network():
    """Return a `before-send` handler that answers each request as DynamoDB would."""
    import zlib

    from botocore.awsrequest import AWSResponse

    with open(events_file) as file:
        item = json.load(file)["item"]
    bodies = {
        b"GetItem": json.dumps({"Item": item}).encode(),
        b"UpdateItem": json.dumps({"Attributes": item}).encode(),
        b"PutItem": b"{}",
    }
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "R" * 52}

    def respond(request, **_):
        target = request.headers["X-Amz-Target"]
        target = target if isinstance(target, bytes) else target.encode()
        content = bodies[target.rpartition(b".")[2]]
        checked = {**headers, "x-amz-crc32": str(zlib.crc32(content)), "content-length": str(len(content))}
        return AWSResponse(request.url, 200, checked, FakeRawResponse(content))

    return respond


class StubOnImport:
    """Import hook that stubs the network as soon as a candidate imports botocore.

    The runner must not import botocore itself: the time of that import is part of a cold start.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "botocore.handlers":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        exec_module = spec.loader.exec_module

        def exec_and_stub(module):
            exec_module(module)
            module.BUILTIN_HANDLERS.append(("before-send.dynamodb", stub_network()))

        spec.loader.exec_module = exec_and_stub
        return spec


class Context:
    aws_request_id = "6bf58c38-7ea5-4f5e-9f0c-e0ab72d0f8d9"
    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    log_group_name = log_stream_name = "bench"

    @staticmethod
    def get_remaining_time_in_millis():
        return 10_000


def write_result(result):
    result_stream.write(json.dumps(result) + "\n")
    result_stream.flush()


def load_handler():
    module, _, function = handler_path.rpartition(".")
    return getattr(importlib.import_module(module), function)


def check_response(response, expected):
    if expected is None:
        return
    assert response["statusCode"] == 200, response
    body = json.loads(response["body"])
    assert {name: body[name] for name in expected} == expected, body


sys.meta_path.insert(0, StubOnImport())
with open(events_file) as file:
    events = json.load(file)["events"]

if mode == "cold":
    event, expected = events[argument]
    response = load_handler()(event, Context())
    write_result("done")
    check_response(response, expected)
elif mode == "warm":
    handler = load_handler()
    for line in sys.stdin:
        name, count = line.split()
        event, expected = events[name]
        durations = []
        for _ in range(int(count)):
            started = time.perf_counter_ns()
            response = handler(event, Context)
            durations.append(time.perf_counter_ns() - started)
        check_response(response, expected)
        write_result(durations)
elif mode == "peak":
    handler = load_handler()
    for _ in range(300):
        for name in argument.split(","):
            check_response(handler(events[name][0], Context), events[name][1])
    with open("/proc/self/status") as file:
        write_result(next(int(line.split()[1]) for line in file if line.startswith("VmHWM")))
elif mode == "allocations":
    import memray

    handler = load_handler()
    event, expected = events[argument]
    for _ in range(100):
        check_response(handler(event, Context), expected)
    count, file = 200, f"/tmp/allocations-{os.getpid()}.bin"
    with memray.Tracker(file, trace_python_allocators=True):
        for _ in range(count):
            handler(event, Context)
    reader = memray.FileReader(file)
    records = list(reader.get_temporary_allocation_records())
    write_result(sum(record.n_allocations for record in records) / count)
    os.unlink(file)
