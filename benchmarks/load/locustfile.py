"""What Locust runs, in an environment of its own: people who read and edit their profiles, one request after another.

By turns, all of them at the same time: the profile, a route that does nothing, and the table alone. Which turn it is
follows from the clock, so that whoever watches the processes knows it, too. LOAD_JOB is a file of JSON: see
benchmarks/load/__main__.py.
"""

import itertools
import json
import os
import random
import time
from pathlib import Path

from locust import FastHttpUser, task

JOB = json.loads(Path(os.environ["LOAD_JOB"]).read_text())
KINDS = ("profile", "no_op", "get_item")
people = itertools.cycle(JOB["people"])
names = itertools.cycle(("John Doe", "John A. Doe"))


class Person(FastHttpUser):
    host = JOB["api"]
    network_timeout = connection_timeout = 30.0

    def on_start(self):
        me = next(people)
        self.sub, self.authorization = me["sub"], {"Authorization": f"Bearer {me['token']}"}
        self.etag = None

    @task
    def turn(self):
        getattr(self, KINDS[int(time.time() / JOB["turn"]) % len(KINDS)])()

    def profile(self):
        if self.etag and random.random() < JOB["edits"]:
            headers = {**self.authorization, "If-Match": self.etag}
            body = {"name": next(names), "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}
            self.ask("PUT", "/users/me", headers=headers, json=body)
        else:
            self.ask("GET", "/users/me", headers=self.authorization)

    def ask(self, method, path, **more):
        with self.client.request(method, path, name=method, catch_response=True, **more) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}")
            elif answer.json()["id"] != self.sub:
                answer.failure("somebody else's profile")
            else:
                self.etag = answer.headers["ETag"]

    def no_op(self):
        self.client.get(JOB["no_op"], name="no-op", headers=self.authorization)

    def get_item(self):
        asked = JOB["get_item"]
        with self.client.post(
            asked["url"], name="GetItem", headers=asked["headers"], data=asked["body"], catch_response=True
        ) as answer:
            if answer.status_code != 200 or "Item" not in answer.json():
                answer.failure(f"{answer.status_code}")
