"""The users of `make load`. Locust runs this file in an environment of its own.

Each user sends one request after another. Phases alternate: all users read and edit their profile, call a route that
does nothing, or read the item from the table. The clock determines the phase, so that the process that measures
processor time knows it. LOAD_JOB is the path of a JSON file that benchmarks/load/__main__.py writes.
"""

import itertools
import json
import os
import random
import time
from pathlib import Path

from locust import FastHttpUser, task

JOB = json.loads(Path(os.environ["LOAD_JOB"]).read_text())
PHASES = ("use_profile", "call_no_op", "get_item")
users = itertools.cycle(JOB["users"])
names = itertools.cycle(("John Doe", "John A. Doe"))


class LoadUser(FastHttpUser):
    host = JOB["api"]
    network_timeout = connection_timeout = 30.0

    def on_start(self):
        user = next(users)
        self.sub, self.authorization = user["sub"], {"Authorization": f"Bearer {user['token']}"}
        self.etag = None

    @task
    def run_phase(self):
        getattr(self, PHASES[int(time.time() / JOB["phase_seconds"]) % len(PHASES)])()

    def use_profile(self):
        if self.etag and random.random() < JOB["edit_share"]:
            headers = {**self.authorization, "If-Match": self.etag}
            body = {"name": next(names), "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}
            self.request_profile("PUT", headers=headers, json=body)
        else:
            self.request_profile("GET", headers=self.authorization)

    def request_profile(self, method, **options):
        with self.client.request(method, "/users/me", name=method, catch_response=True, **options) as response:
            if response.status_code != 200:
                response.failure(f"{response.status_code}")
            elif response.json()["id"] != self.sub:
                response.failure("the profile of another user")
            else:
                self.etag = response.headers["ETag"]

    def call_no_op(self):
        self.client.get(JOB["no_op"], name="no-op", headers=self.authorization)

    def get_item(self):
        request = JOB["get_item"]
        with self.client.post(
            request["url"], name="GetItem", headers=request["headers"], data=request["body"], catch_response=True
        ) as response:
            if response.status_code != 200 or "Item" not in response.json():
                response.failure(f"{response.status_code}")
