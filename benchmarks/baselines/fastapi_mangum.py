"""FastAPI with Mangum, as in their guides: https://fastapi.tiangolo.com, https://mangum.fastapiexpert.com"""

import dynamodb_store
from fastapi import FastAPI, HTTPException
from mangum import Mangum
from models import Edit, Profile

app = FastAPI()


@app.get("/users/{user_id}")
def get_user(user_id: str) -> Profile:
    item = dynamodb_store.get_profile(user_id)
    if item is None:
        raise HTTPException(404)
    return Profile(**item)


@app.put("/users/{user_id}")
def put_user(user_id: str, edit: Edit) -> Profile:
    return Profile(**dynamodb_store.update_profile(user_id, edit.model_dump(mode="json")))


handler = Mangum(app, lifespan="off")
