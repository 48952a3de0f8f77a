"""Flask behind apig-wsgi, as both begin: https://flask.palletsprojects.com, https://github.com/adamchainz/apig-wsgi"""

import store
from apig_wsgi import make_lambda_handler
from flask import Flask, abort, request

app = Flask(__name__)
EDITABLE = ("name", "dob", "gender", "blood_group")


@app.get("/users/<user_id>")
def get_user(user_id):
    return told(store.get(user_id) or abort(404))


@app.put("/users/<user_id>")
def put_user(user_id):
    body = request.get_json()
    return told(store.put(user_id, {name: body[name] for name in EDITABLE}))


def told(item):
    return {**item, "version": int(item["version"])}  # Decimal is not JSON's


handler = make_lambda_handler(app)
