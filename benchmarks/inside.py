"""Inside a contender's interpreter: its handler, with the network cut off at botocore's `before-send`.

Run as a script, with nothing of the project on its path:

    python -I -S -B inside.py MODULE FUNCTION EVENTS MODE DIRECTORY...

The directories become sys.path. EVENTS is a JSON file: {"get": [event, expected], ...}. Modes:

    cold NAME           one event, answered, in a process that has just begun; prints `done`
    warm                reads `NAME COUNT` from stdin, prints the nanoseconds of each call, as JSON; until EOF
    peak                some hundred of each, then prints the peak of resident memory, in KiB
    allocations NAME    prints how many objects and bytes one warm call asks the allocator for
"""

import importlib.util
import io
import json
import os
import sys
import time

module, function, events_file, mode, argument = sys.argv[1:6]
sys.path[:0] = sys.argv[6:]
if mode == "allocations":
    argument, tool = argument.split("@")
    sys.path.append(tool)

answers = os.fdopen(os.dup(1), "w")  # what contenders print is their log, which Lambda takes from stdout
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class Raw:
    """What urllib3 hands to botocore."""

    def __init__(self, content):
        self._content = io.BytesIO(content)

    def stream(self):
        yield self._content.read()


def cut_off():
    """Answer every request of every client as DynamoDB would, before it is sent."""
    import zlib

    from botocore.awsrequest import AWSResponse

    with open(events_file) as file:
        item = json.load(file)["item"]
    told = {
        b"GetItem": json.dumps({"Item": item}).encode(),
        b"UpdateItem": json.dumps({"Attributes": item}).encode(),
        b"PutItem": b"{}",
    }
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "R" * 52}

    def answer(request, **_):
        target = request.headers["X-Amz-Target"]
        target = target if isinstance(target, bytes) else target.encode()
        content = told[target.rpartition(b".")[2]]
        checked = {**headers, "x-amz-crc32": str(zlib.crc32(content)), "content-length": str(len(content))}
        return AWSResponse(request.url, 200, checked, Raw(content))

    return answer


class AsSoonAsThere:
    """Cuts the network off when botocore is imported, by whoever imports it: who does it when is a part of the cost."""

    def find_spec(self, name, path=None, target=None):
        if name != "botocore.handlers":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            module.BUILTIN_HANDLERS.append(("before-send.dynamodb", cut_off()))

        spec.loader.exec_module = loaded
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


def say(told):
    answers.write(json.dumps(told) + "\n")
    answers.flush()


def load():
    return getattr(__import__(module), function)


def check(answer, expected):
    if expected is None:
        return
    assert answer["statusCode"] == 200, answer
    body = json.loads(answer["body"])
    assert {name: body[name] for name in expected} == expected, body


sys.meta_path.insert(0, AsSoonAsThere())
with open(events_file) as file:
    events = json.load(file)["events"]

if mode == "cold":
    event, expected = events[argument]
    answer = load()(event, Context())
    say("done")
    check(answer, expected)
elif mode == "warm":
    handler = load()
    for line in sys.stdin:
        name, count = line.split()
        event, expected = events[name]
        took = []
        for _ in range(int(count)):
            started = time.perf_counter_ns()
            answer = handler(event, Context)
            took.append(time.perf_counter_ns() - started)
        check(answer, expected)
        say(took)
elif mode == "peak":
    handler = load()
    for _ in range(300):
        for name in argument.split(","):
            check(handler(events[name][0], Context), events[name][1])
    with open("/proc/self/status") as file:
        say(next(int(line.split()[1]) for line in file if line.startswith("VmHWM")))
elif mode == "allocations":
    import memray

    handler = load()
    event, expected = events[argument]
    for _ in range(100):
        check(handler(event, Context), expected)
    count, total, file = 200, 0, f"/tmp/allocations-{os.getpid()}.bin"
    with memray.Tracker(file, trace_python_allocators=True):
        for _ in range(count):
            handler(event, Context)
    reader = memray.FileReader(file)
    records = list(reader.get_temporary_allocation_records())
    say(sum(record.n_allocations for record in records) / count)
    os.unlink(file)
