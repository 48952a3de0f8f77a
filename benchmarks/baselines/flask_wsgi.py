"""Flask with apig-wsgi, as in their guides: https://flask.palletsprojects.com, https://github.com/adamchainz/apig-wsgi"""

import dynamodb_store
from apig_wsgi import make_lambda_handler
from flask import Flask, abort, request

app = Flask(__name__)
EDITABLE = ("name", "dob", "gender", "blood_group")


@app.get("/users/<user_id>")
def get_user(user_id):
    return to_body(dynamodb_store.get_profile(user_id) or abort(404))


@app.put("/users/<user_id>")
def put_user(user_id):
    body = request.get_json()
    return to_body(dynamodb_store.update_profile(user_id, {name: body[name] for name in EDITABLE}))


def to_body(item):
    return {**item, "version": int(item["version"])}  # a Decimal, which json cannot encode


handler = make_lambda_handler(app)
